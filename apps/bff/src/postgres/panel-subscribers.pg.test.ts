import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listSubscribersQuerySchema, subscriberSchema } from '@proxpanel/contracts/subscribers';
import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { exportSubscribers } from '../panel/export-subscribers.ts';
import type { Owner, SubscriberStore } from '../panel/ports.ts';
import { createColumnSeal } from '../panel/seal-column.ts';
import { createServiceStore } from './panel-services.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createResellerStore } from './panel-users.ts';
import { HOSTILE_TEXTS, startPanelDatabase } from './testing/panel-database.ts';
import type { PanelDatabase } from './testing/panel-database.ts';

const DAY_MS = 24 * 3_600_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
const seal = createColumnSeal('c2'.repeat(32));

let database: PanelDatabase;
let subscribers: SubscriberStore;
let rob: number;
let sue: number;
let gold: number;

beforeAll(async () => {
  database = await startPanelDatabase();
  subscribers = createSubscriberStore(database.panel);
  const resellers = createResellerStore(database.panel);
  const reseller = (username: string) =>
    resellers.insert({ username, displayName: username, passwordHash: 'x' }, 'ann');
  rob = (await reseller('rob')).id;
  sue = (await reseller('sue')).id;
  const service = { name: 'Gold', download_kbps: 1, upload_kbps: 1, price_minor: 0, pool: '' };
  const lasting = {
    daily_quota_bytes: null,
    monthly_quota_bytes: null,
    expiry_value: null,
    expiry_unit: 'day',
  } as const;
  gold = (await createServiceStore(database.panel).insert({ ...service, ...lasting }, 'ann')).id;
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.server.query('DELETE FROM subscribers'));

const ask = (query: object, owner: Owner = null) => subscribers.list(listSubscribersQuerySchema.parse(query), owner);
const namesOf = async (query: object, owner: Owner = null): Promise<string[]> =>
  (await ask(query, owner)).subscribers.map(({ username }) => username);

/** All pages; `between` runs after each of them. */
async function walk(query: object, between: () => Promise<unknown> = async () => undefined): Promise<Subscriber[]> {
  const seen: Subscriber[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.subscribers);
    cursor = page.next ?? undefined;
    await between();
  } while (cursor !== undefined);
  return seen;
}

test('a subscriber comes back whole, and every change of it is audited with its password only named', async () => {
  await database.newAudit();
  const values = { passwordSealed: seal.seal('his-password'), serviceId: gold, resellerId: rob, note: 'first\nsecond' };
  const made = await subscribers.insert({ username: 'whole', ...values, expiresAt: inDays(3) }, 'ann');
  expect(subscriberSchema.parse(made)).toMatchObject({
    has_password: true,
    service_name: 'Gold',
    reseller_name: 'rob',
    is_active: true,
    is_online: false,
    row_version: 0,
  });
  const target = { id: made.id, rowVersion: 0, owner: 'rob' };
  // The same instant in another form is no change.
  const sameInstant = (made.expires_at ?? '').replace('Z', '+00:00');
  const change = { isActive: false, expiresAt: sameInstant, passwordSealed: seal.seal('another-one') };
  expect(await subscribers.update(target, change, 'rob')).toMatchObject({ is_active: false, row_version: 1 });
  await subscribers.remove({ ...target, rowVersion: 1 }, 'rob');
  const audit = await database.newAudit();
  expect(audit.map(({ actor, action, changes }) => [actor, action, changes])).toEqual([
    ['ann', 'create', expect.objectContaining({ username: 'whole', password: 'set' })],
    ['rob', 'change', { is_active: [true, false], password: 'changed' }],
    ['rob', 'remove', { username: ['whole', null] }],
  ]);
  expect(JSON.stringify(audit)).not.toMatch(/his-password|another-one|sealed/i);
});

test('of two who change one row at once the second is told, and nothing of his is written', async () => {
  const { id } = await subscribers.insert({ username: 'contested' }, 'ann');
  await database.newAudit();
  const target = { id, rowVersion: 0, owner: null };
  const results = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((note) => subscribers.update(target, { note }, note)),
  );
  const done = results.filter(({ status }) => status === 'fulfilled');
  expect(done).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ROW_CHANGED' });
  }
  const [audit, ...more] = await database.newAudit();
  expect(more).toEqual([]);
  expect(await subscribers.find(id, null)).toMatchObject({ note: audit?.actor, row_version: 1 });
  await subscribers.remove({ ...target, rowVersion: 1 }, 'ann');
});

test('a reseller sees and touches his own alone: what is not his does not exist', async () => {
  const mine = await subscribers.insert({ username: 'of-rob', resellerId: rob }, 'ann');
  const hers = await subscribers.insert({ username: 'of-sue', resellerId: sue }, 'ann');
  const nobodys = await subscribers.insert({ username: 'of-nobody' }, 'ann');
  expect(await namesOf({ search: 'of-' }, 'rob')).toEqual(['of-rob']);
  expect(await namesOf({ reseller_id: sue }, 'rob')).toEqual([]);
  expect(await subscribers.find(mine.id, 'rob')).toMatchObject({ username: 'of-rob' });
  for (const { id } of [hers, nobodys]) {
    const notFound = { code: 'NOT_FOUND' };
    const target = { id, rowVersion: 0, owner: 'rob' };
    await expect(subscribers.find(id, 'rob')).rejects.toMatchObject(notFound);
    await expect(subscribers.update(target, { note: 'x' }, 'rob')).rejects.toMatchObject(notFound);
    await expect(subscribers.remove(target, 'rob')).rejects.toMatchObject(notFound);
    await expect(subscribers.usage(id, 'rob')).rejects.toMatchObject(notFound);
  }
  const exported: string[] = [];
  for await (const rows of subscribers.stream({ search: '' }, 'rob')) exported.push(...rows.map((row) => row.username));
  expect(exported).toEqual(['of-rob']);
  for (const row of [mine, hers, nobodys]) await subscribers.remove({ id: row.id, rowVersion: 0, owner: null }, 'ann');
});

test('what is not there is named: a service, a reseller who is an admin, a name that is taken', async () => {
  await database.server.query("INSERT INTO users (username, role, password_hash) VALUES ('boss', 'admin', 'x')");
  const [boss] = await database.server.query<{ id: number }>("SELECT id FROM users WHERE username = 'boss'");
  const insert = (parts: object) => subscribers.insert({ username: 'refused', ...parts }, 'ann');
  const invalid = (field: string) => ({ code: 'INVALID_REQUEST', details: { field } });
  await expect(insert({ serviceId: 9_999 })).rejects.toMatchObject(invalid('service_id'));
  await expect(insert({ resellerId: 9_999 })).rejects.toMatchObject(invalid('reseller_id'));
  await expect(insert({ resellerId: boss?.id })).rejects.toMatchObject(invalid('reseller_id'));
  await expect(insert({ expiresAt: '0000-01-01T00:00:00Z' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  await expect(insert({ note: 'a\u0000b' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  const { id } = await insert({});
  await expect(insert({})).rejects.toMatchObject({ code: 'DUPLICATE', details: { field: 'username' } });
  await subscribers.remove({ id, rowVersion: 0, owner: null }, 'ann');
});

test('a search takes every character as itself, in any case, from the beginning when it is short', async () => {
  const names = ['a_b', 'aXb', 'long_name', 'longXname', 'LONG.name@isp', 'other'];
  for (const username of names) await subscribers.insert({ username, note: username }, 'ann');
  expect(await namesOf({ search: 'a_b' })).toEqual(['a_b']);
  expect(await namesOf({ search: 'a_' })).toEqual(['a_b']);
  expect(await namesOf({ search: 'LONG_' })).toEqual(['long_name']);
  expect((await namesOf({ search: 'name' })).toSorted()).toEqual(['LONG.name@isp', 'longXname', 'long_name']);
  for (const search of ['%', '_', '\\', '%%%%', '___', '\\\\\\', 'a\\_b', 'g%n', ...HOSTILE_TEXTS]) {
    expect([search, await namesOf({ search })]).toEqual([search, []]);
  }
  for (const search of HOSTILE_TEXTS) {
    for await (const rows of subscribers.stream({ search }, null)) expect(rows).toEqual([]);
  }
  for (const owner of HOSTILE_TEXTS) expect(await namesOf({}, owner)).toEqual([]);
});

test('pages hold each row once in every order, whatever is added or removed between them', async () => {
  for (let index = 0; index < 23; index += 1) {
    const expiresAt = index % 3 === 0 ? null : index % 3 === 1 ? '2030-01-01T00:00:00.123Z' : inDays(index);
    await subscribers.insert({ username: `page-${String(index).padStart(2, '0')}`, expiresAt }, 'ann');
  }
  let added = 0;
  for (const sort of ['newest', 'username', 'expires_at']) {
    for (const descending of ['false', 'true']) {
      const before = await walk({ sort, descending, limit: 200, search: 'page-' });
      const between = async (): Promise<void> => {
        added += 1;
        const row = await subscribers.insert({ username: `zz-${String(added)}`, expiresAt: inDays(added) }, 'ann');
        if (added % 2 === 0) await subscribers.remove({ id: row.id, rowVersion: 0, owner: null }, 'ann');
      };
      const paged = (await walk({ sort, descending, limit: 4 }, between)).filter((row) =>
        row.username.startsWith('page-'),
      );
      expect([sort, descending, paged.map(({ id }) => id)]).toEqual([sort, descending, before.map(({ id }) => id)]);
      expect(paged).toHaveLength(23);
    }
  }
  const { next } = await ask({ limit: 4 });
  await expect(ask({ sort: 'username', cursor: next })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  for (const forged of ['x', Buffer.from(`{"sort":"expires_at+","value":"'; DROP","id":1}`).toString('base64url')]) {
    await expect(ask({ sort: 'expires_at', cursor: forged })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  }
});

test('each state finds its own, and a filter by service or reseller does, too', async () => {
  const insert = (username: string, parts: object) => subscribers.insert({ username, ...parts }, 'ann');
  await insert('endless', { serviceId: gold, resellerId: rob });
  await insert('soon', { expiresAt: inDays(2) });
  await insert('later', { expiresAt: inDays(8), resellerId: rob });
  await insert('over', { expiresAt: inDays(-1) });
  await insert('off', { isActive: false });
  await database.server.query("UPDATE subscribers SET open_sessions = 1 WHERE username = 'later'");
  const of = async (query: object) => (await namesOf(query)).toSorted();
  expect(await of({ state: 'active' })).toEqual(['endless', 'later', 'soon']);
  expect(await of({ state: 'inactive' })).toEqual(['off']);
  expect(await of({ state: 'expired' })).toEqual(['over']);
  expect(await of({ state: 'expiring' })).toEqual(['soon']);
  expect(await of({ state: 'online' })).toEqual(['later']);
  expect(await of({ service_id: gold })).toEqual(['endless']);
  expect(await of({ reseller_id: rob, state: 'online' })).toEqual(['later']);
  expect((await ask({ limit: 1 })).matches).toEqual({ count: 5, more: false });
});

test('what a spreadsheet would run is text in the CSV, and commas, quotes and lines stay in their cells', async () => {
  const notes = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', 'a,"b"\r\nc', ...HOSTILE_TEXTS];
  for (const [index, note] of notes.entries())
    await subscribers.insert({ username: `csv-${String(index)}`, note }, 'ann');
  await subscribers.insert({ username: '-dash' }, 'ann');
  let text = '';
  const boss = { username: 'ann', role: 'admin' } as const;
  for await (const piece of exportSubscribers({ subscribers }, boss, { search: '' })) text += piece;
  expect(text.split('\r\n')[0]).toBe(
    'id,username,service_name,reseller_name,expires_at,is_active,is_online,note,created_at',
  );
  for (const cell of ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'-dash", `'=cmd|' /C calc'!A1`]) {
    expect(text).toContain(`,${cell},`);
  }
  expect(text).toContain(`"a,""b""\r\nc"`);
  expect(text).not.toMatch(/(^|,)"?[=+@-]/m);
});

test('an export of more than one batch has every row once, by name', async () => {
  await database.server.query(
    "INSERT INTO subscribers (username) SELECT 'bulk-' || n FROM generate_series(1, 1234) AS n",
  );
  const seen: string[] = [];
  for await (const rows of subscribers.stream({ search: 'bulk-' }, null)) seen.push(...rows.map((row) => row.username));
  expect(new Set(seen).size).toBe(1_234);
  expect(seen).toHaveLength(1_234);
  expect((await ask({ search: 'bulk-', limit: 1 })).matches).toEqual({ count: 1_000, more: true });
});

test('usage is what accounting has counted, newest day first', async () => {
  const { id } = await subscribers.insert({ username: 'used' }, 'ann');
  await database.server.query(
    `INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctupdatetime, acctinputoctets, acctoutputoctets)
     VALUES ('s', 'u', 'used', '10.0.0.1', '2026-03-01 12:00', 10, 100)`,
  );
  await database.server.query(
    "UPDATE radacct SET acctupdatetime = '2026-03-02 12:00', acctinputoctets = 15, acctoutputoctets = 300",
  );
  expect(await subscribers.usage(id, null)).toEqual({
    days: [
      { day: '2026-03-02', download_bytes: 200, upload_bytes: 5 },
      { day: '2026-03-01', download_bytes: 100, upload_bytes: 10 },
    ],
  });
  expect(await subscribers.find(id, null)).toMatchObject({ is_online: true });
});
