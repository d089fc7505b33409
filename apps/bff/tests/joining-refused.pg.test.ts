/** Joins that must not happen: each is one clear sentence with the right status, and nothing is lost (DESIGN §6). */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PreflightReply } from '@proxpanel/contracts/peer';
import type { ConnectionCheck } from '@proxpanel/contracts/membership';
import { configureMain } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import {
  closedAddress,
  preflightReply,
  startFalseMain,
  startSilentServer,
  startStranger,
} from './support/false-mains.ts';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  slotsOf,
  subscribersOf,
} from './support/panel-status.ts';
import { sendSigned } from './support/signed-calls.ts';
import { withSmallDisk } from './support/small-disk.ts';

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let secret: string;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
  ({ clusterSecret: secret } = await configureMain(main, 'DC1 Primary'));
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await addSubscriber(mainPanel, 'on-main');
  await addSubscriber(otherPanel, 'on-other');
});

afterAll(async () => {
  await testbed.dispose();
});

function join(body: object = {}) {
  return otherPanel.post('/api/cluster/setup-secondary', { main_address: main.url, cluster_secret: secret, ...body });
}

async function testConnection(mainAddress: string): Promise<{ ok: boolean; checks: ConnectionCheck[] }> {
  const body = { main_address: mainAddress, cluster_secret: secret };
  return otherPanel.expectOk(otherPanel.post('/api/cluster/test-connection', body));
}

/** A refused join leaves both servers as they were: no node, no slot, no row gone. */
async function expectNothingChanged(): Promise<void> {
  expect(readNodeFile(other).membership).toBeNull();
  expect((await readStatus(mainPanel)).nodes).toHaveLength(1);
  expect(await slotsOf(main)).toEqual([]);
  expect(await subscribersOf(main)).toEqual(['on-main']);
  expect(await subscribersOf(other)).toEqual(['on-other']);
}

test.for([
  ['63 characters', 'a'.repeat(63), /exactly 64 hexadecimal characters.*63/],
  ['65 characters', 'a'.repeat(65), /exactly 64 hexadecimal characters.*65/],
  ['64 that are not hexadecimal', 'g'.repeat(64), /0–9 and a–f/],
  ['nothing but white space', ' \n ', /64 hexadecimal characters/],
] as const)('a secret of %s is refused before it is sent, with the reason', async ([, wrong, words]) => {
  // An address that would be asked if the secret were sent first.
  const reply = await join({ cluster_secret: wrong, main_address: 'http://127.0.0.1:1' });
  expect(expectRefusal(reply, 'INVALID_SECRET_FORMAT', words)).not.toContain('aaaa');
  await expectNothingChanged();
});

test('an address that does not resolve says so, and names itself', async () => {
  expectRefusal(
    await join({ main_address: 'no-such-panel.invalid' }),
    'MAIN_UNRESOLVABLE',
    'no-such-panel.invalid',
    'cannot be resolved',
  );
  await expectNothingChanged();
});

test('an address that refuses says so', async () => {
  const address = await closedAddress();
  expectRefusal(await join({ main_address: address }), 'MAIN_UNREACHABLE', 'refuses the connection');
  const { ok, checks } = await testConnection(address);
  expect(ok).toBe(false);
  expect(checks).toMatchObject([{ name: 'api', ok: false, fix: expect.stringContaining('firewall') as string }]);
  await expectNothingChanged();
});

test('an address that accepts and says nothing is given up after 5 s', async () => {
  await using silent = await startSilentServer();
  const started = performance.now();
  expectRefusal(await join({ main_address: silent.address }), 'MAIN_TIMEOUT', '5 s');
  // 5 s is the limit of the wait; the rest is what a loaded machine may add.
  expect(performance.now() - started).toBeLessThan(15_000);
  await expectNothingChanged();
});

test('an address that is no panel says so', async () => {
  await using stranger = await startStranger();
  expectRefusal(await join({ main_address: stranger.address }), 'BAD_REPLY', 'answers, but not as a ProxPanel server');
  // Redis hangs up on whoever speaks HTTP to it.
  const redis = `http://127.0.0.1:${String(main.ports.redis)}`;
  expectRefusal(await join({ main_address: redis }), 'MAIN_UNREACHABLE', 'without an answer');
  await expectNothingChanged();
});

test.for([
  ['a path', 'http://127.0.0.1/cluster', 'leave the path away'],
  ['a password', 'http://user:pass@127.0.0.1', 'user name or a password'],
  ['another scheme', 'ftp://127.0.0.1', 'http:// or https://'],
  ['nothing', '  ', 'empty'],
  ['two words', 'main server', 'white space'],
  ['300 characters', 'a'.repeat(300), 'at most 255'],
] as const)('an address with %s is refused by its form', async ([, address, words]) => {
  expectRefusal(await join({ main_address: address }), 'INVALID_REQUEST', words);
  await expectNothingChanged();
});

test("this server's own address is recognised, before and after it is a main server", async () => {
  expectRefusal(await join({ main_address: other.url }), 'SAME_SERVER', 'this same server');
  const body = { main_address: main.url, cluster_secret: secret };
  // Main cannot join at all; its test of itself says why the address is wrong.
  const { checks } = await mainPanel.expectOk(
    mainPanel.post<{ checks: ConnectionCheck[] }>('/api/cluster/test-connection', body),
  );
  expect(checks.filter(({ ok }) => !ok)).toMatchObject([
    { name: 'main_role', detail: expect.stringContaining('same server') as string },
  ]);
  await expectNothingChanged();
});

test('a server that is not configured as main says so', async () => {
  const third = await testbed.addServer('third');
  expectRefusal(await join({ main_address: third.url }), 'NOT_CONFIGURED', 'not configured as a main server');
  await third.bff.stop();
  await expectNothingChanged();
});

test('a main server cannot join another one', async () => {
  const reply = await mainPanel.post('/api/cluster/setup-secondary', {
    main_address: other.url,
    cluster_secret: secret,
  });
  expectRefusal(reply, 'ALREADY_CONFIGURED', 'disband');
  await expectNothingChanged();
});

test('another panel version is refused, by the test and by the join, naming both', async () => {
  await other.bff.restart({ PANEL_VERSION: '0.9.7' });
  const own = (await readStatus(mainPanel)).server.version;
  expectRefusal(await join(), 'VERSION_MISMATCH', own, '0.9.7');
  const { ok, checks } = await testConnection(main.url);
  expect(ok).toBe(false);
  expect(checks.filter((check) => !check.ok).map(({ name }) => name)).toEqual(['panel_version']);
  await other.bff.restart({ PANEL_VERSION: undefined });
  await expectNothingChanged();
});

test('main itself refuses another PostgreSQL major or panel version, and a server that says it is another', async () => {
  const serverId = randomUUID();
  const version = (await readStatus(mainPanel)).server.version;
  const facts = {
    server_id: serverId,
    display_name: 'Old',
    address: '127.0.0.1',
    api_url: 'http://127.0.0.1:9',
    postgres_port: 5432,
    redis_port: 6379,
    version,
    postgres_version_num: 150_000,
  };
  const ask = (body: object, issuer = `server:${serverId}`) =>
    sendSigned(mainPanel, { secret, issuer, path: '/api/cluster/join', target: null, body });
  expectRefusal(await ask({ ...facts, postgres_version_num: 140_000 }), 'POSTGRES_MISMATCH', 'PostgreSQL 15', '14');
  expectRefusal(await ask({ ...facts, version: '0.9.7' }), 'VERSION_MISMATCH', '0.9.7');
  expectRefusal(await ask(facts, `server:${randomUUID()}`), 'BAD_TOKEN', 'another server');
  await expectNothingChanged();
});

test('a main of another PostgreSQL major, or with a clock an hour off, is refused by the server that joins', async () => {
  const { version } = (await readStatus(otherPanel)).server;
  const ports = { postgres_port: main.ports.postgres, redis_port: main.ports.redis };
  const preflight = (changes: Partial<PreflightReply>) => preflightReply({ version, ...ports, ...changes });
  {
    await using old = await startFalseMain(secret, () => preflight({ postgres_version_num: 140_000 }));
    expectRefusal(await join({ main_address: old.address }), 'POSTGRES_MISMATCH', 'PostgreSQL 14', '15');
  }
  {
    const hourAhead = () => new Date(Date.now() + 3_600_000).toISOString();
    await using fast = await startFalseMain(secret, () => preflight({ server_time: hourAhead() }));
    expectRefusal(await join({ main_address: fast.address }), 'CLOCK_SKEW', /1 h|3[56]\d\d.* s/, 'behind');
  }
  {
    const limits = { ...preflight({}).limits, max_connections: 999 };
    await using large = await startFalseMain(secret, () => preflight({ limits }));
    expectRefusal(
      await join({ main_address: large.address }),
      'PREFLIGHT_FAILED',
      'max_connections is 100 here and 999 on main',
    );
  }
  await expectNothingChanged();
});

test('a disk without room for the data of main is refused, with both sizes', async () => {
  await withSmallDisk(other, { freeBytes: 5_000_000 }, async () => {
    expectRefusal(await join(), 'PREFLIGHT_FAILED', /Main's database takes \d+ MB; this server has \d MB free/);
    const { checks } = await testConnection(main.url);
    const disk = checks.find(({ name }) => name === 'disk_room');
    expect(disk).toMatchObject({ ok: false, fix: expect.stringMatching(/^Free at least/) as string });
  });
  await expectNothingChanged();
});

test('a display name must be one line of at most 100 characters; 1 MB of text is not even read', async () => {
  for (const name of ['two\nlines', 'a\u0000b', 'x'.repeat(101), '', '\u001b[31mred']) {
    const reply = await join({ display_name: name });
    expectRefusal(reply, 'INVALID_REQUEST', 'display name');
    expect(reply.body).toMatchObject({ field: 'display_name' });
  }
  expectRefusal(await join({ display_name: 'x'.repeat(1_000_000) }), 'BODY_TOO_LARGE', 'too large');
  const toMain = await mainPanel.post('/api/cluster/setup-main', { display_name: 'x'.repeat(1_000_000) });
  expectRefusal(toMain, 'BODY_TOO_LARGE', 'too large');
  await expectNothingChanged();
});

test.for([
  ['broken', '{"main_address": ', 'INVALID_JSON', 'not valid JSON'],
  ['a list', '[]', 'INVALID_REQUEST', 'object'],
  ['without an address', '{"cluster_secret": "x"}', 'INVALID_REQUEST', 'address is missing'],
  [
    'with a number for an address',
    `{"main_address": 5, "cluster_secret": "${'a'.repeat(64)}"}`,
    'INVALID_REQUEST',
    'address',
  ],
  [
    'with a field that nobody knows',
    `{"main_address":"a","cluster_secret":"${'a'.repeat(64)}","x":1}`,
    'INVALID_REQUEST',
    'no field named x',
  ],
] as const)('a body that is %s is refused', async ([, body, code, words]) => {
  expectRefusal(await otherPanel.post('/api/cluster/setup-secondary', body), code, words);
  await expectNothingChanged();
});

test('between servers, too, a body that is broken, misshapen or over 16 kB is refused', async () => {
  const issuer = `server:${randomUUID()}`;
  const path = '/api/cluster/join';
  expectRefusal(
    await sendSigned(mainPanel, { secret, issuer, path, target: null, body: { server_id: 7 } }),
    'INVALID_REQUEST',
    'server_id',
  );
  const large = { secret, issuer, path, target: null, body: 'x'.repeat(17_000) };
  expectRefusal(await sendSigned(mainPanel, large), 'BODY_TOO_LARGE');
  expectRefusal(await mainPanel.post(path, '{'), 'BAD_TOKEN');
  // Judged by form before anything else is done with it: no secret is tried.
  const garbage = { headers: { 'x-cluster-token': randomBytes(30).toString('hex') } };
  expectRefusal(await mainPanel.post(path, '{}', garbage), 'BAD_TOKEN', 'not one that a ProxPanel server makes');
  await expectNothingChanged();
});

test('main is configured once: a second time, or two at once, is refused and changes nothing', async () => {
  const before = readNodeFile(main);
  expectRefusal(await mainPanel.post('/api/cluster/setup-main', { display_name: 'Again' }), 'ALREADY_CONFIGURED');
  expect(readNodeFile(main)).toEqual(before);
  const replies = await Promise.all([1, 2, 3].map(() => otherPanel.post('/api/cluster/setup-main', {})));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const reply of replies.filter(({ status }) => status !== 200)) {
    expect(['BUSY', 'ALREADY_CONFIGURED']).toContain((reply.body as { code: string }).code);
    expect(reply.status).toBe(409);
  }
  const [row] = await other.postgres.query<{ nodes: number }>('SELECT count(*)::int AS nodes FROM cluster_nodes');
  expect(row?.nodes).toBe(1);
  expect(await subscribersOf(other)).toEqual(['on-other']);
});
