import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterNodeRowSchema } from '@proxpanel/contracts/nodes';
import { clusterEventSchema } from '@proxpanel/contracts/events';
import type { ClusterEvent } from '@proxpanel/contracts/events';
import { defaultClusterSettings } from '@proxpanel/contracts/settings';
import { listSubscribersQuerySchema } from '@proxpanel/contracts/subscribers';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import type { ClusterConfigRow, ClusterRowsPort, NewNode } from '../cluster/ports.ts';
import { createClusterRows } from './cluster-rows.ts';
import { migrate } from './migrations.ts';
import { createPanelFacts } from './panel-facts.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createRevocationStore } from './panel-revocations.ts';
import { prepareDatabase } from './panel-role.ts';
import { createUserStore } from './panel-users.ts';
import { connect, recordingLog } from './testing/test-database.ts';
import type { TestConnections } from './testing/test-database.ts';

let server: PostgresServer;
let connections: TestConnections;
let rows: ClusterRowsPort;

beforeAll(async () => {
  server = await startPostgres();
  connections = connect(server);
  await prepareDatabase({ connections, nodeFile: connections.nodeFile, log: recordingLog(), radius: null });
  rows = createClusterRows(connections.cluster);
});
afterAll(async () => {
  await connections.close();
  await server.dispose();
});

const newNode = (name: string): NewNode => ({
  display_name: name,
  role: 'secondary',
  server_id: randomUUID(),
  status: 'joining',
  address: '10.0.0.2',
  api_url: 'http://10.0.0.2',
  postgres_port: 5432,
  redis_port: 6379,
  version: '1.0.0',
  cpu_percent: null,
  memory_percent: null,
  disk_percent: null,
  subscriber_count: null,
  replication_lag_seconds: null,
  replication_lag_bytes: null,
});

const config = (): ClusterConfigRow => ({
  cluster_id: randomUUID(),
  role: 'main',
  node_id: 1,
  is_active: true,
  term: 1,
  secret_fingerprint: 'f'.repeat(64),
  settings: defaultClusterSettings,
});

const event = (at: string, parts: Partial<ClusterEvent> = {}): ClusterEvent => ({
  id: randomUUID(),
  at,
  type: 'node_joined',
  node_id: 1,
  actor: 'admin',
  severity: 'info',
  message: 'A node joined.',
  rule: null,
  details: { quote: `"'\\` },
  ...parts,
});

test('a node row comes back as the contract has it, with numbers, ISO times and nulls', async () => {
  const made = await rows.insertNode(newNode(`DC2 "quoted" 'name' $(id)`));
  expect(clusterNodeRowSchema.parse(made)).toEqual(made);
  const heartbeat = new Date().toISOString();
  await rows.patchNode(made.id, {
    slot_name: `replica_${made.id}`,
    last_heartbeat_at: heartbeat,
    cpu_percent: 12.345,
    replication_lag_bytes: 2 ** 40,
    replication_lag_seconds: 0.25,
    subscriber_count: 5_000,
  });
  const read = (await rows.listNodes()).find((row) => row.id === made.id);
  expect(clusterNodeRowSchema.parse(read)).toEqual({
    ...made,
    slot_name: `replica_${made.id}`,
    last_heartbeat_at: heartbeat,
    cpu_percent: 12.345,
    replication_lag_bytes: 2 ** 40,
    replication_lag_seconds: 0.25,
    subscriber_count: 5_000,
  });
  await expect(rows.patchNode(9_999, { version: '2' })).rejects.toMatchObject({ code: 'NODE_UNKNOWN' });
});

test('the database itself refuses a second config row, an unknown status and a second living node of one server', async () => {
  await rows.clearCluster();
  const first = config();
  await rows.writeConfig(first);
  expect(await rows.readConfig()).toEqual(first);
  await expect(rows.writeConfig(config())).rejects.toMatchObject({ code: 'ALREADY_CONFIGURED' });
  await rows.patchConfig({ is_active: false, term: 7 });
  const second = config();
  await rows.writeConfig(second);
  expect(await rows.readConfig()).toEqual(second);
  await expect(
    server.query(
      'INSERT INTO cluster_config SELECT false, cluster_id, role, node_id, true, 1, $1, settings FROM cluster_config',
      ['x'],
    ),
  ).rejects.toThrow(/check constraint/);
  const node = newNode('one');
  const made = await rows.insertNode(node);
  await expect(rows.insertNode(node)).rejects.toMatchObject({ code: 'DUPLICATE' });
  await rows.patchNode(made.id, { status: 'removed', removed_at: new Date().toISOString() });
  await rows.insertNode(node);
  await expect(server.query("UPDATE cluster_nodes SET status = 'dead'")).rejects.toThrow(/check constraint/);
});

test('a transaction is all or nothing, and two of them run one after the other', async () => {
  await rows.clearCluster();
  await expect(
    rows.transaction(async (inside) => {
      await inside.insertNode(newNode('lost'));
      throw new Error('half-way');
    }),
  ).rejects.toThrow('half-way');
  expect(await rows.listNodes()).toEqual([]);
  const addIfEmpty = (name: string): Promise<void> =>
    rows.transaction(async (inside) => {
      if ((await inside.listNodes()).length === 0) await inside.insertNode(newNode(name));
    });
  await Promise.all([addIfEmpty('a'), addIfEmpty('b'), addIfEmpty('c')]);
  expect(await rows.listNodes()).toHaveLength(1);
});

test('every connection of the cluster commits locally, so that a lost synchronous standby cannot hang its rows', async () => {
  await server.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await server.query('SELECT pg_reload_conf()');
  try {
    const node = await rows.insertNode(newNode('without a standby'));
    await rows.transaction((inside) => inside.patchNode(node.id, { version: '9' }));
    await rows.appendEvents([event(new Date().toISOString())]);
    expect((await rows.listNodes()).at(-1)?.version).toBe('9');
    // The proof that the list bites: a plain commit does hang.
    await expect(server.query('CREATE TABLE hangs ()', [], { timeoutMs: 500 })).rejects.toThrow();
  } finally {
    await server.query('ALTER SYSTEM RESET synchronous_standby_names');
    await server.query('SELECT pg_reload_conf()');
  }
});

test('events are copied in once, and pages walk through all of them, also at one and the same millisecond', async () => {
  await server.query('DELETE FROM cluster_events');
  const same = '2026-01-01T00:00:00.123Z';
  const events = [
    ...Array.from({ length: 7 }, () => event(same)),
    event('2026-01-02T00:00:00.000Z', { type: 'node_left', node_id: null, rule: 12 }),
    event('2025-12-31T23:59:59.999Z'),
  ];
  await rows.appendEvents(events);
  await rows.appendEvents(events.slice(0, 4));
  const seen: ClusterEvent[] = [];
  let before: string | undefined;
  do {
    const page = await rows.listEvents({ limit: 2, ...(before === undefined ? {} : { before }) });
    seen.push(...page.events);
    before = page.next_before ?? undefined;
  } while (before !== undefined);
  expect(seen.map((row) => clusterEventSchema.parse(row))).toHaveLength(events.length);
  expect(new Set(seen.map((row) => row.id))).toEqual(new Set(events.map((row) => row.id)));
  expect(seen.map((row) => row.at)).toEqual(
    seen
      .map((row) => row.at)
      .toSorted()
      .toReversed(),
  );
  expect(seen[0]).toEqual(events[7]);
  expect((await rows.listEvents({ limit: 5, type: 'node_left' })).events).toHaveLength(1);
  await expect(rows.listEvents({ limit: 5, before: "'; DROP TABLE users" })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
});

test('promotions come back in order and a repeated one is the same row', async () => {
  await rows.clearCluster();
  const promotion = (term: number) => ({
    promotion_id: randomUUID(),
    term,
    timeline: term,
    fork_lsn: '0/3000148',
    node_id: 2,
    at: '2026-01-01T00:00:00.000Z',
  });
  const [second, first] = [promotion(3), promotion(2)];
  await rows.insertPromotion(second);
  await rows.insertPromotion(first);
  await rows.insertPromotion(second);
  expect(await rows.listPromotions()).toEqual([first, second]);
});

test('two processes that migrate at once both succeed, and a third time changes nothing', async () => {
  await using fresh = await startPostgres();
  await using one = connect(fresh);
  await using two = connect(fresh);
  const log = recordingLog();
  const prepare = (each: TestConnections) =>
    prepareDatabase({ connections: each, nodeFile: one.nodeFile, log, radius: null });
  expect(await Promise.all([prepare(one), prepare(two)])).toEqual(['prepared', 'prepared']);
  const count = log.lines.length;
  expect(await migrate(one, log)).toBe('migrated');
  expect(log.lines).toHaveLength(count);
});

test('the panel can use its own tables and none of the cluster', async () => {
  const role = await connections.panel.query<{ user: string; super: string }>(
    "SELECT current_user AS user, current_setting('is_superuser') AS super",
  );
  expect(role).toEqual([{ user: 'proxpanel_panel', super: 'off' }]);
  for (const table of ['cluster_config', 'cluster_nodes', 'cluster_events', 'cluster_promotions', 'kysely_migration']) {
    for (const statement of [`SELECT 1 FROM ${table}`, `DELETE FROM ${table}`, `DROP TABLE ${table}`]) {
      await expect(connections.panel.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
    }
  }
  await expect(connections.panel.query('CREATE TABLE public.own (a int)')).rejects.toThrow(/permission denied/);
  await expect(connections.panel.query('SELECT pg_reload_conf()')).rejects.toThrow(/permission denied/);
  await expect(connections.panel.query("COPY (SELECT 1) TO PROGRAM 'true'")).rejects.toThrow(
    /pg_execute_server_program|permission/,
  );
});

test('users, subscribers and revoked tokens are kept, found and counted', async () => {
  const users = createUserStore(connections.panel);
  await users.insert({ username: 'admin', role: 'admin', passwordHash: '$argon2id$x' });
  expect(await users.findByName('admin')).toEqual({
    username: 'admin',
    role: 'admin',
    passwordHash: '$argon2id$x',
    isActive: true,
  });
  expect(await users.findByName('Admin')).toBeNull();
  expect(await users.count()).toBe(1);
  await expect(users.insert({ username: 'admin', role: 'reseller', passwordHash: 'y' })).rejects.toMatchObject({
    code: 'DUPLICATE',
  });

  const subscribers = createSubscriberStore(connections.panel);
  for (const name of ['a_b', 'aXb', 'a%b', 'A.B@isp']) await subscribers.insert({ username: name }, 'ann');
  await expect(subscribers.insert({ username: 'aXb' }, 'ann')).rejects.toMatchObject({ code: 'DUPLICATE' });
  const list = (search: string, limit = 10) =>
    subscribers.list(listSubscribersQuerySchema.parse({ search, limit }), null);
  expect((await list('a_b')).subscribers.map((row) => row.username)).toEqual(['a_b']);
  expect((await list('%')).matches).toEqual({ count: 0, more: false });
  expect((await list('a%')).matches).toEqual({ count: 1, more: false });
  expect(await list('A', 1)).toMatchObject({
    matches: { count: 4, more: false },
    subscribers: [{ username: 'A.B@isp' }],
  });
  expect(await createPanelFacts(connections.panel).subscriberCount()).toBe(4);

  const revocations = createRevocationStore(connections.panel);
  const living = { jti: 'living', endsAtMs: Date.now() + 60_000 };
  await revocations.add([]);
  await revocations.add([{ jti: 'spent', endsAtMs: Date.now() - 1_000 }, living]);
  await revocations.add([living]);
  expect(await revocations.list()).toEqual([living]);
  expect(await server.query('SELECT jti FROM revoked_tokens')).toEqual([{ jti: 'living' }]);
});

test('a database without our tables holds no cluster, and the count of its subscribers is unknown', async () => {
  await using fresh = await startPostgres();
  await using bare = connect(fresh, { panelDatabaseUrl: fresh.url() });
  const none = createClusterRows(bare.cluster);
  expect(await none.readConfig()).toBeNull();
  expect(await none.listNodes()).toEqual([]);
  expect(await none.listEvents({ limit: 5 })).toEqual({ events: [], next_before: null });
  expect(await createPanelFacts(bare.panel).subscriberCount()).toBeNull();
});
