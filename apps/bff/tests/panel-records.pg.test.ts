/** The panel's records on two servers: what main's API wrote is read on the secondary, and nobody else may ask (DESIGN §10, §11). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import { endpoints } from '@proxpanel/contracts/endpoints';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { expectRefusal } from './support/panel-status.ts';
import { refusedBodies, RESELLER } from './support/refused-bodies.ts';

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let robsPanel: PanelClient;
/** Ids of what was made on main. */
const ids = { service: 0, nas: 0, reseller: 0, subscriber: 0, hidden: 0, invoice: 0, rule: 0 };

const create = async (path: string, body: object): Promise<number> => {
  const reply = await mainPanel.post<{ id: number }>(path, body);
  expect([path, reply.status, reply.body]).toEqual([path, 201, expect.objectContaining({ id: expect.any(Number) })]);
  return reply.body.id;
};

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
  await joinServers(main, other);
  mainPanel = await main.panel().signIn();
  otherPanel = await other.panel().signIn();
  ids.service = await create('/api/services', { name: 'Gold', download_kbps: 50_000, upload_kbps: 10_000 });
  const secret = 'radius-secret-1';
  ids.nas = await create('/api/nas', { name: 'Edge "1"', address: '10.9.0.1', secret });
  await create('/api/nas', { name: 'Core', address: '10.9.0.2', type: 'cisco', secret });
  ids.reseller = await create('/api/resellers', RESELLER);
  const subscriber = { service_id: ids.service, password: 'pppoe-password' };
  ids.subscriber = await create('/api/subscribers', { username: 'u1', reseller_id: ids.reseller, ...subscriber });
  ids.hidden = await create('/api/subscribers', { username: 'u2' });
  await create('/api/reseller-transactions', { reseller_id: ids.reseller, amount_minor: 5_000, note: 'cash' });
  ids.invoice = await create('/api/invoices', { subscriber_id: ids.subscriber, amount_minor: 1_999 });
  const hours = { from_time: '22:00', to_time: '06:00', download_kbps: 90_000, upload_kbps: 20_000 };
  ids.rule = await create('/api/bandwidth-rules', { service_id: ids.service, name: 'Night', ...hours });
  const settings = { row_version: 0, company_name: 'An ISP', currency: 'USD' };
  await mainPanel.expectOk(mainPanel.patch('/api/settings', settings));
  await main.postgres.query(
    `INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime, acctupdatetime, acctinputoctets, acctoutputoctets)
     VALUES ('s1', 'x1', 'u1', '10.9.0.1', now(), now(), 1000, 9000)`,
  );
  robsPanel = await main.panel().signIn(RESELLER.username, RESELLER.password);
});

afterAll(() => testbed.dispose());

/** Each kind of record that the documentation names as replicated, and what has to be seen of it. */
const kinds: readonly { what: string; path: () => string; seen: unknown }[] = [
  { what: 'services', path: () => '/api/services', seen: { services: [{ name: 'Gold', download_kbps: 50_000 }] } },
  { what: 'NAS', path: () => '/api/nas', seen: { devices: [{ name: 'Core' }, { name: 'Edge "1"' }] } },
  {
    what: 'resellers',
    path: () => '/api/resellers',
    seen: { resellers: [{ username: 'rob', subscriber_count: 1, balance_minor: 5_000 }] },
  },
  {
    what: 'transactions',
    path: () => '/api/reseller-transactions',
    seen: { rows: [{ reseller_name: 'rob', amount_minor: 5_000, note: 'cash', actor: 'admin' }], next: null },
  },
  {
    what: 'invoices',
    path: () => '/api/invoices',
    seen: { rows: [{ subscriber_name: 'u1', amount_minor: 1_999, status: 'open' }], next: null },
  },
  {
    what: 'bandwidth rules',
    path: () => '/api/bandwidth-rules',
    seen: { rules: [{ name: 'Night', from_time: '22:00', to_time: '06:00' }] },
  },
  {
    what: 'FUP counters',
    path: () => `/api/subscribers/${String(ids.subscriber)}/usage`,
    seen: { days: [{ download_bytes: 9_000, upload_bytes: 1_000 }] },
  },
  { what: 'settings', path: () => '/api/settings', seen: { settings: { company_name: 'An ISP', currency: 'USD' } } },
  {
    what: 'subscribers',
    path: () => '/api/subscribers?sort=username',
    seen: {
      subscribers: [
        { username: 'u1', service_name: 'Gold', reseller_name: 'rob', has_password: true, is_online: true },
        { username: 'u2', has_password: false },
      ],
    },
  },
  {
    what: 'the audit log',
    path: () => '/api/audit-log?limit=1',
    seen: { rows: [{ actor: 'admin', entity: 'settings', changes: { currency: ['EUR', 'USD'] } }] },
  },
];

test.each(kinds)('$what: written on main, read on the secondary', async ({ path, seen }) => {
  const onMain = await mainPanel.expectOk(mainPanel.get(path()));
  expect(onMain).toMatchObject(seen as object);
  const onOther = () => otherPanel.expectOk(otherPanel.get<Record<string, unknown>>(path()));
  const arrived = await waitFor(onOther, {
    describe: `${path()} on the secondary`,
    until: (body) => JSON.stringify(body) === JSON.stringify(onMain),
  });
  expect(arrived).toEqual(onMain);
});

test('every write of a record is 503 READ_ONLY on the secondary, whatever its body', async () => {
  const writes = Object.values(endpoints).filter(
    ({ method, path, access }) =>
      method !== 'GET' && (access === 'admin' || access === 'user') && !/^\/api\/(auth|cluster)\//.test(path),
  );
  expect(writes.length).toBeGreaterThan(15);
  for (const { method, path } of writes) {
    const to = path.replace(':id', '1').replace(':kind', 'logo');
    const reply =
      method === 'POST'
        ? await otherPanel.post(to, {})
        : method === 'DELETE'
          ? await otherPanel.delete(to, { row_version: 0 })
          : await otherPanel.patch(to, { row_version: 0 });
    expectRefusal(reply, 'READ_ONLY');
  }
  const [row] = await other.postgres.query<{ count: number }>('SELECT count(*)::int AS count FROM services');
  expect(row?.count).toBe(1);
});

test('every change through the API left one audit row, and none of them or of the rows holds a secret', async () => {
  const { rows } = await mainPanel.expectOk(mainPanel.get<ReplyOf<'listAudit'>>('/api/audit-log?limit=200'));
  expect(rows.map(({ action, entity }) => `${action} ${entity}`).toReversed()).toEqual([
    'create user',
    'create service',
    'create nas',
    'create nas',
    'create reseller',
    'create subscriber',
    'create subscriber',
    'create transaction',
    'create invoice',
    'create bandwidth_rule',
    'change settings',
  ]);
  const dump = await other.postgres.query(
    `SELECT (SELECT string_agg(audit_log::text, '') FROM audit_log) AS audit,
            (SELECT string_agg(users::text, '') FROM users) AS users,
            (SELECT string_agg(nas_devices::text, '') FROM nas_devices) AS nas,
            (SELECT string_agg(subscribers::text, '') FROM subscribers) AS subscribers`,
  );
  expect(JSON.stringify(dump)).not.toMatch(/radius-secret-1|pppoe-password|resells-it-all/);
});

test("both servers give the routers main's address", async () => {
  for (const panel of [mainPanel, otherPanel]) {
    const list = await panel.expectOk(panel.get<ReplyOf<'listNas'>>('/api/nas'));
    expect(list.radius_address).toBe(main.address);
    const line = `/radius set [find] address=${main.address}`;
    expect(await panel.expectOk(panel.get(`/api/nas/${String(ids.nas)}/router-line`))).toEqual({
      name: 'Edge "1"',
      line,
    });
    const script = await panel.get<string>('/api/nas/routers.rsc');
    expect(script.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="routers.rsc"',
    });
    expect(script.body).toContain(`# Edge "1" (10.9.0.1)\n${line}\n`);
    expect(script.body).toMatch(/^# Core \(10\.9\.0\.2\) is no MikroTik router: /m);
  }
});

test('a reseller sees his own, and is told of everything else that it is for admins or is not there', async () => {
  const list = await robsPanel.expectOk(robsPanel.get<ReplyOf<'listSubscribers'>>('/api/subscribers'));
  expect(list.subscribers.map(({ username }) => username)).toEqual(['u1']);
  const hidden = `/api/subscribers/${String(ids.hidden)}`;
  expectRefusal(await robsPanel.get(hidden), 'NOT_FOUND');
  expectRefusal(await robsPanel.get(`${hidden}/usage`), 'NOT_FOUND');
  expectRefusal(await robsPanel.patch(hidden, { row_version: 0, note: 'mine' }), 'NOT_FOUND');
  expectRefusal(await robsPanel.delete(hidden, { row_version: 0 }), 'NOT_FOUND');
  const csv = await robsPanel.get<string>('/api/subscribers.csv');
  expect(csv.body).toContain(',u1,');
  expect(csv.body).not.toContain(',u2,');
  expectRefusal(await robsPanel.post('/api/subscribers', { username: 'u3', reseller_id: 1 }), 'ADMIN_ONLY');
  for (const path of [
    '/api/nas',
    '/api/nas/routers.rsc',
    `/api/nas/${String(ids.nas)}/router-line`,
    '/api/resellers',
    '/api/reseller-transactions',
    '/api/invoices',
    '/api/bandwidth-rules',
    '/api/audit-log',
  ]) {
    expectRefusal(await robsPanel.get(path), 'ADMIN_ONLY');
  }
  for (const path of ['/api/services', '/api/nas', '/api/resellers', '/api/invoices', '/api/bandwidth-rules']) {
    expectRefusal(await robsPanel.post(path, {}), 'ADMIN_ONLY');
  }
  for (const path of ['/api/services', '/api/settings', '/api/dashboard']) {
    expect([path, (await robsPanel.get(path)).status]).toEqual([path, 200]);
  }
});

test('the dashboard counts on main, is kept for all who look, and shows the server to admins alone', async () => {
  const look = (panel: PanelClient) => panel.expectOk(panel.get<ReplyOf<'dashboard'>>('/api/dashboard'));
  await main.redis.command('DEL', 'panel:dashboard:all', 'panel:dashboard:reseller:rob');
  const counted = await look(mainPanel);
  expect(counted).toMatchObject({
    source: 'database',
    subscribers: { total: 2, online: 1, active: 2, expired: 0, expiring_in_7_days: 0 },
    sessions: { open: 1, started_today: expect.any(Number) },
    server: { cpu_percent: expect.any(Number), memory_percent: expect.any(Number), disk_percent: expect.any(Number) },
  });
  expect(endpoints.dashboard.reply.parse(counted)).toEqual(counted);
  expect(await look(mainPanel)).toMatchObject({ source: 'cache', counted_at: counted.counted_at });
  expect(await look(robsPanel)).toMatchObject({ source: 'database', subscribers: { total: 1 }, server: null });
  // Main's counts arrive by the replica; one that has none yet counts by itself, and cannot keep what it counted.
  const cached = await waitFor(() => look(otherPanel), {
    describe: "main's counts on the secondary",
    until: ({ source }) => source === 'cache',
  });
  expect(cached).toMatchObject({ subscribers: { total: 2 }, counted_at: counted.counted_at });
  const robElsewhere = await other.panel().signIn(RESELLER.username, RESELLER.password);
  await main.redis.command('DEL', 'panel:dashboard:reseller:rob');
  await waitFor(() => look(robElsewhere), {
    describe: 'the secondary to count by itself',
    until: ({ source, subscribers }) => source === 'database' && subscribers.total === 1,
  });
  await main.redis.stop();
  try {
    expect(await look(mainPanel)).toMatchObject({ source: 'database', subscribers: { total: 2 } });
  } finally {
    await main.redis.start();
  }
});

test('a body of the wrong shape is refused with a closed code and the field at fault', async () => {
  const before = await mainPanel.expectOk(mainPanel.get('/api/audit-log?limit=1'));
  for (const [path, body, code, field] of refusedBodies(ids.service)) {
    const reply = await mainPanel.post<{ field?: string }>(path, body);
    expectRefusal(reply, code);
    expect([path, body, reply.body.field]).toEqual([path, body, field]);
  }
  expect(await mainPanel.expectOk(mainPanel.get('/api/audit-log?limit=1'))).toEqual(before);
});

test('an id that is none, a cursor that is none and an older version change nothing', async () => {
  const roots = ['services', 'nas', 'resellers', 'invoices', 'bandwidth-rules', 'subscribers'];
  const bad = ['1;DROP', '-1', '0', '1.5', '1e3', '99999999999', '2147483647', "'", '%00', '..%2f'];
  for (const root of roots) {
    const body = { row_version: 0, ...(root === 'invoices' ? { status: 'paid' } : {}) };
    for (const id of bad) {
      const reply = await mainPanel.patch(`/api/${root}/${encodeURIComponent(decodeURIComponent(id))}`, body);
      expectRefusal(reply, 'NOT_FOUND');
    }
  }
  for (const path of ['audit-log', 'invoices', 'reseller-transactions', 'subscribers']) {
    for (const query of ['cursor=x', 'cursor=%00', "cursor=';DROP TABLE users", 'limit=0', 'limit=100000', 'limit=x']) {
      expectRefusal(await mainPanel.get(`/api/${path}?${query.replaceAll(' ', '%20')}`), 'INVALID_REQUEST');
    }
  }
  for (const query of ['search=%00', 'service_id=99999999999', 'service_id=x', 'state=dead', 'sort=;DROP']) {
    expectRefusal(await mainPanel.get(`/api/subscribers?${query}`), 'INVALID_REQUEST');
  }
  expectRefusal(await mainPanel.delete(`/api/services/${String(ids.service)}`, { row_version: 0 }), 'IN_USE');
  expectRefusal(await mainPanel.delete(`/api/services/${String(ids.service)}`), 'INVALID_REQUEST');
  expectRefusal(await mainPanel.patch('/api/settings', { row_version: 0, currency: 'EUR' }), 'ROW_CHANGED');
  for (const [path, body] of [
    [`/api/nas/${String(ids.nas)}`, { row_version: 7 }],
    [`/api/resellers/${String(ids.reseller)}`, { row_version: 7 }],
    [`/api/invoices/${String(ids.invoice)}`, { row_version: 7, status: 'paid' }],
    [`/api/bandwidth-rules/${String(ids.rule)}`, { row_version: 7 }],
    [`/api/subscribers/${String(ids.subscriber)}`, { row_version: 7 }],
  ] as const) {
    expectRefusal(await mainPanel.patch(path, body), 'ROW_CHANGED');
  }
});
