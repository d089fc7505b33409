/** Emergency promotion by an admin: refused with reasons where it may not be, complete where it may (DESIGN §5, §8; SAFETY §2, §3). */
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import { stepNames } from '@proxpanel/failover/plans';
import { builtBffPath } from '@proxpanel/testbed/bff-process';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  slotsOf,
  subscribersOf,
  waitForStatus,
} from './support/panel-status.ts';
import {
  askToPromote,
  eventTypesOf,
  promote,
  readHistory,
  readPromotionRows,
  settingOf,
  waitForEnd,
  waitUntilOffered,
} from './support/promotions.ts';

const secondaryName = 'DC2 "Standby" $(id)';
let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let third: TestServer;
let mainPanel: PanelClient;
let panel: PanelClient;
let clusterSecret: string;
let nodeId: number;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary, third] = (await Promise.all(
    ['main', 'secondary', 'third'].map((name) => testbed.addServer(name)),
  )) as [TestServer, TestServer, TestServer];
  const joined = await joinServers(main, secondary, { main: 'DC1 Primary', secondary: secondaryName });
  clusterSecret = joined.main.clusterSecret;
  nodeId = joined.secondary.nodeId;
  [mainPanel, panel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
}, 240_000);

afterAll(() => testbed.dispose());

test('promote is refused on main and on a server without a cluster, each with its own sentence', async () => {
  const onMain = expectRefusal(await askToPromote(mainPanel, { confirm: 'DC1 Primary' }), 'BLOCKED');
  expect(onMain).toMatch(/main already|not in recovery/);
  const thirdPanel = await third.panel().signIn();
  expectRefusal(await askToPromote(thirdPanel), 'NOT_CONFIGURED', 'cluster');
  expect(await main.postgres.isInRecovery()).toBe(false);
});

test('a server that has joined and not been cloned yet has nothing to promote', async () => {
  const thirdPanel = await third.panel().signIn();
  const body = { main_address: main.url, cluster_secret: clusterSecret, display_name: 'DC3' };
  await thirdPanel.expectOk(thirdPanel.post('/api/cluster/setup-secondary', body));
  const reply = await askToPromote(thirdPanel, { confirm: 'DC3' });
  expectRefusal(reply, 'BLOCKED', /copy/i);
  expect((await readStatus(thirdPanel)).promote).toMatchObject({ allowed: false });
  // The secondary hears of it with its next heartbeat, and has to know it before it is promoted below.
  await waitFor(() => readNodeFile(secondary).membership?.peers.map(({ display_name: name }) => name), {
    describe: 'the secondary to know the third server',
    until: (names) => names?.includes('DC3') === true,
  });
});

test('a reseller is refused, and so is somebody who is not signed in', async () => {
  const added = await main.run(
    [process.execPath, join(builtBffPath, '../cli.js'), 'user', 'add', 'rita', '--role', 'reseller'],
    {
      environment: { ...plainEnvironment, ...main.bff.environment },
      input: 'a-long-password-1\n',
    },
  );
  expect(added.exitCode, added.stderr).toBe(0);
  await waitFor(() => secondary.postgres.query("SELECT 1 FROM users WHERE username = 'rita'"), {
    describe: 'the reseller to be replicated',
    until: (rows) => rows.length === 1,
  });
  const reseller = await secondary.panel().signIn('rita', 'a-long-password-1');
  expectRefusal(await askToPromote(reseller, { confirm: secondaryName }), 'ADMIN_ONLY');
  expectRefusal(await askToPromote(secondary.panel(), { confirm: secondaryName }), 'NOT_SIGNED_IN');
  expect(await secondary.postgres.isInRecovery()).toBe(true);
});

test('while main answers, the name of this server has to be typed, and the reasons are told', async () => {
  await waitForStatus(panel, 'main to have answered', ({ promote: offer }) => offer.mode === 'switchover');
  for (const confirm of [undefined, 'DC1 Primary', secondaryName.toLowerCase()]) {
    const reply = await askToPromote(panel, confirm === undefined ? {} : { confirm });
    expectRefusal(reply, 'CONFIRMATION_NEEDED', 'DC2');
    const { reasons = [] } = errorReplySchema.parse(reply.body);
    expect(reasons.map(({ code }) => code)).toContain('main_answers');
    for (const { sentence } of reasons) expect(sentence.length).toBeGreaterThan(10);
  }
  const { promote: offer } = await readStatus(panel);
  // What is offered while main answers is the planned change, which loses nothing.
  expect(offer).toMatchObject({ mode: 'switchover', node_id: nodeId, loss_forecast: null });
  // Asking changed nothing: main is main, of the same term.
  expect(readNodeFile(main).membership?.term).toBe(1);
  expect(readNodeFile(secondary).membership?.term).toBe(1);
  await addSubscriber(mainPanel, 'before-the-promotion');
});

/** Holds a snapshot on the candidate, as a long report does: without care it holds up replay, and so the promotion. */
async function openReader(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: secondary.postgres.url('proxpanel', '127.0.0.1') });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query('SELECT count(*) FROM subscribers');
  return client;
}

test('after main is lost, one click makes the secondary main, readers or not, and it is written down', async () => {
  await main.postgres.query('CREATE TABLE report AS SELECT i FROM generate_series(1, 1000) AS i');
  await waitFor(() => secondary.postgres.query("SELECT 1 FROM pg_class WHERE relname = 'report'"), {
    describe: 'the table to arrive',
    until: (rows) => rows.length === 1,
  });
  const reader = await openReader();
  await reader.query('SELECT count(*) FROM report');
  // Replay stops here before the snapshot: an exclusive lock that the reader's transaction conflicts with.
  await main.postgres.query('TRUNCATE report; INSERT INTO report VALUES (7)');
  await waitFor(() => secondary.postgres.query('SELECT 1 WHERE pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()'), {
    describe: 'the reader to hold up replay',
    until: (rows) => rows.length === 1,
  });
  await main.redis.command('SET', 'kept', 'since before');
  await waitFor(() => secondary.redis.command('GET', 'kept'), { describe: 'the key to arrive in Redis' });
  const before = await settingOf(secondary, 'max_standby_streaming_delay');
  await main.kill();
  await waitUntilOffered(panel);

  const startedMs = performance.now();
  const clicks = [1, 2].map(() => askToPromote(panel, { reason: 'main burnt down' }));
  const replies = await Promise.all(clicks);
  const accepted = replies.filter(({ status }) => status === 202);
  expect(accepted).toHaveLength(1);
  // One at a time: the other click learns that it is being done.
  const refused = replies.find(({ status }) => status !== 202);
  expect(['BUSY', 'BLOCKED']).toContain(errorReplySchema.parse(refused?.body).code);
  const operation = await waitForEnd(panel, accepted[0]?.body.operation_id ?? '');
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  // SAFETY §3: one such query was seen to hold it up for 29 s.
  expect(performance.now() - startedMs).toBeLessThan(25_000);
  await expect(reader.query('SELECT 1')).rejects.toThrow();
  await reader.end();
  expect(await settingOf(secondary, 'max_standby_streaming_delay')).toBe(before);

  expect(operation.phases.map(({ name }) => name)).toEqual([...stepNames('emergency_promotion')]);
  for (const { state, name } of operation.phases) expect(['completed', 'skipped'], name).toContain(state);
  const times = operation.phases.flatMap(({ started_at: from, finished_at: to }) => [from ?? '', to ?? '']);
  expect(times).toEqual([...times].sort());
  expect(await secondary.postgres.query('SELECT i FROM report')).toEqual([{ i: 7 }]);
});

test('the record of the promotion agrees with PostgreSQL’s own history, and node.json with the record', async () => {
  const history = await readHistory(secondary);
  const [row, ...more] = await readPromotionRows(secondary);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ term: 2, timeline: history.timeline, fork_lsn: history.forkLsn, node_id: nodeId });
  expect(history.timeline).toBe(2);
  const { membership } = readNodeFile(secondary);
  expect(membership).toMatchObject({ term: 2, main_node_id: nodeId, fence: null });
  expect(membership?.promotions.at(-1)).toMatchObject({ promotion_id: row?.promotion_id, term: 2 });
  const [config] = await secondary.postgres.query('SELECT role, node_id, term::int AS term FROM cluster_config');
  expect(config).toEqual({ role: 'main', node_id: nodeId, term: 2 });
  const roles = await secondary.postgres.query<{ id: number; role: string }>('SELECT id, role FROM cluster_nodes');
  expect(roles.filter(({ role }) => role === 'main').map(({ id }) => id)).toEqual([nodeId]);
});

test('the events of the promotion are in the database, in their order', async () => {
  const types = await waitFor(() => eventTypesOf(secondary), {
    describe: 'all events',
    until: (seen) => seen.includes('failover_completed') && seen.includes('promote_requested'),
  });
  const known = ['promote_requested', 'failover_started', 'failover_completed'];
  for (const type of known)
    expect(
      types.filter((each) => each === type),
      type,
    ).toHaveLength(1);
  expect(types.indexOf('failover_completed')).toBeGreaterThan(types.indexOf('failover_started'));
  const [requested] = await secondary.postgres.query<{ actor: string; details: { reason: string } }>(
    "SELECT actor, details FROM cluster_events WHERE type = 'promote_requested'",
  );
  expect(requested?.actor).toBe('admin');
  expect(requested?.details.reason).toBe('main burnt down');
});

test('the new main is main in every respect: writes, Redis, load balancers, no way back to the old one', async () => {
  await addSubscriber(panel, 'after-the-promotion');
  expect(await subscribersOf(secondary)).toEqual(['after-the-promotion', 'before-the-promotion']);
  const status = await waitForStatus(
    panel,
    'the page to call it main',
    ({ server }) => server.effective_role === 'main',
  );
  expect(status.server.role).toBe('main');
  expect(status.cluster).toMatchObject({ term: 2, main_node_id: nodeId });
  expect(status.writes.allowed).toBe(true);
  expect(status.promote.allowed).toBe(false);
  expect(await secondary.redis.command('ROLE')).toEqual(expect.arrayContaining(['master']));
  expect(await secondary.redis.command('GET', 'kept')).toBe('since before');
  expect(await secondary.redis.command('SET', 'written', 'yes')).toBe('OK');
  expect(await settingOf(secondary, 'primary_conninfo')).toBe('');
  expect(await settingOf(secondary, 'primary_slot_name')).toBe('');
  expect(await settingOf(secondary, 'synchronous_standby_names')).toBe('');
  for (const [path, expected] of [
    ['/primary', 200],
    ['/read-write', 200],
    ['/replica', 503],
  ] as const) {
    expect((await panel.get(path)).status, path).toBe(expected);
  }
  // SAFETY §2: made before the promotion, so that no WAL after the fork is missing for them.
  const others = readNodeFile(secondary).membership?.peers.filter((peer) => peer.node_id !== nodeId) ?? [];
  expect(others).toHaveLength(2);
  expect(await slotsOf(secondary)).toEqual(others.map((peer) => `replica_${String(peer.node_id)}`).sort());
});

test('promoting a server that is main by now is refused, and changes nothing', async () => {
  expectRefusal(await askToPromote(panel, { confirm: secondaryName }), 'BLOCKED');
  await expect(promote(panel, { confirm: secondaryName })).rejects.toThrow('409');
  expect(await readPromotionRows(secondary)).toHaveLength(1);
});
