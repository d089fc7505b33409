/** After a change of main, on three real servers: who follows by itself, who has diverged, and how each is told (SAFETY §2). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinSecondary, joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readNodeFile, slotsOf, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { eventTypesOf, promote, readPromotionRows, waitUntilOffered, writableServers } from './support/promotions.ts';

let testbed: Testbed;
let a: TestServer;
let b: TestServer;
let c: TestServer;
let panels: Record<'a' | 'b' | 'c', PanelClient>;

beforeAll(async () => {
  testbed = await createTestbed();
  const options = { environment: { AUTO_FAILOVER: 'false' } };
  [a, b, c] = (await Promise.all(['a', 'b', 'c'].map((name) => testbed.addServer(name, options)))) as [
    TestServer,
    TestServer,
    TestServer,
  ];
  const joined = await joinServers(a, b, { main: 'a', secondary: 'b' });
  await joinSecondary(a, c, joined.main.clusterSecret, 'c');
  const [pa, pb, pc] = await Promise.all([a.panel().signIn(), b.panel().signIn(), c.panel().signIn()]);
  panels = { a: pa, b: pb, c: pc };
}, 300_000);

afterAll(() => testbed.dispose());

const nodeIdOf = (server: TestServer): number => readNodeFile(server).membership?.node_id ?? 0;
const streams = (panel: PanelClient, name: string) =>
  waitForStatus(
    panel,
    `${name} to follow`,
    ({ nodes, divergence }) =>
      divergence === null && nodes.some((node) => node.is_self && node.wal.state === 'streaming'),
    60_000,
  );

async function endOfWal(server: TestServer): Promise<string> {
  const [row] = await server.postgres.query<{ lsn: string }>(
    `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END::text AS lsn`,
  );
  return row?.lsn ?? '';
}

/** Ends a server's panel first, so that nothing of it is written any more, and its database once the others hold all. */
async function killQuietly(server: TestServer, ...others: TestServer[]): Promise<void> {
  await server.bff.kill();
  await waitFor(() => Promise.all([server, ...others].map((each) => endOfWal(each))), {
    describe: `the others to hold all that ${server.name} wrote`,
    until: (ends) => new Set(ends).size === 1,
  });
  await Promise.all([server.postgres.kill(), server.redis.kill()]);
}

async function takeOver(server: TestServer, panel: PanelClient): Promise<void> {
  await waitUntilOffered(panel);
  const operation = await promote(panel, {});
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await waitForStatus(panel, `${server.name} to take writes`, ({ writes }) => writes.allowed);
}

test('SAFETY §2 A node re-attaches by itself: the other secondary follows the new main', async () => {
  await addSubscriber(panels.a, 'on-a');
  await killQuietly(a, b, c);
  await takeOver(b, panels.b);
  await addSubscriber(panels.b, 'on-b');
  await streams(panels.c, 'c');
  await waitFor(() => subscribersOf(c), { describe: 'the row of b', until: (names) => names.includes('on-b') });
  await waitFor(() => Promise.resolve(readNodeFile(c).membership), {
    describe: 'c to hold the list of b',
    until: (membership) => membership?.promotions.length === 1,
  });
  const { membership } = readNodeFile(c);
  expect(membership?.attached).toEqual({ main_node_id: nodeIdOf(b), term: 2 });
  expect(membership?.promotions).toEqual(readNodeFile(b).membership?.promotions);
  expect(await readPromotionRows(c)).toEqual(await readPromotionRows(b));
});

test('SAFETY §2 Slots: the old main follows by itself, drops the slots that it kept, and its story reaches main', async () => {
  const kept = await (async () => {
    await a.postgres.start();
    return slotsOf(a);
  })();
  expect(kept).toHaveLength(2);
  expect(await a.postgres.isInRecovery()).toBe(true);
  await Promise.all([a.redis.start(), a.bff.start()]);
  await a.bff.waitUntilReady();
  await streams(panels.a, 'a');
  expect(readNodeFile(a).membership).toMatchObject({
    fence: null,
    divergence: null,
    main_node_id: nodeIdOf(b),
    slot_name: `replica_${String(nodeIdOf(a))}`,
  });
  await waitFor(() => slotsOf(a), { describe: 'the slots of a to go', until: (names) => names.length === 0 });
  await waitFor(() => eventTypesOf(b), {
    describe: 'main to tell that a is back',
    until: (types) => types.includes('rejoin_completed') && types.includes('main_fenced'),
  });
  await waitForStatus(panels.b, 'both to be online', ({ nodes }) => nodes.every((node) => node.status === 'online'));
  // Told by main's database, so no longer this server's own to tell.
  await waitFor(() => Promise.resolve(readNodeFile(a).journal), {
    describe: 'the journal of a to be empty',
    until: (journal) => journal.length === 0,
  });
  expect(await writableServers(a, b, c)).toEqual(['b (main)']);
});

test('SAFETY §4 hold: one that is set on a secondary is known by all, and its end too', async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const refused = await panels.c.post<{ code: string }>('/api/cluster/hold', {
    until: new Date(Date.now() + 8 * 86_400_000).toISOString(),
    reason: 'too long',
  });
  expect(refused.body.code).toBe('INVALID_REQUEST');
  await panels.c.expectOk(panels.c.post('/api/cluster/hold', { until, reason: 'new switch' }));
  for (const panel of Object.values(panels)) {
    const { actions } = await waitForStatus(
      panel,
      'the hold, and a decision that minds it',
      ({ failover }) => failover?.hold?.until === until && failover.blockers.some(({ code }) => code === 'hold'),
    );
    expect(actions.end_hold.allowed).toBe(true);
  }
  await panels.a.expectOk(panels.a.delete('/api/cluster/hold'));
  for (const panel of Object.values(panels)) {
    await waitForStatus(panel, 'its end', (each) => Date.parse(each.failover?.hold?.until ?? until) <= Date.now());
  }
  await waitFor(() => eventTypesOf(b), {
    describe: 'both events on main',
    until: (types) => types.includes('hold_set') && types.includes('hold_ended'),
  });
});

test('SAFETY §2 Otherwise it has diverged: it stays read-only, says by how many bytes, and main says so too', async () => {
  await b.bff.kill();
  // c first: what it received after the stop of a would have made c the one that has diverged.
  await c.postgres.stop('fast');
  await a.postgres.stop('fast');
  await b.postgres.query("INSERT INTO subscribers (username) SELECT 'lost-' || n FROM generate_series(1, 300) AS n");
  await Promise.all([b.postgres.kill(), b.redis.kill()]);
  await Promise.all([a.postgres.start(), c.postgres.start()]);
  await takeOver(a, panels.a);
  await streams(panels.c, 'c');
  await Promise.all([b.postgres.start(), b.redis.start(), b.bff.start()]);
  await b.bff.waitUntilReady();
  const status = await waitForStatus(
    panels.b,
    'b to say that it has diverged',
    ({ divergence }) => divergence !== null,
  );
  expect(status.divergence).toMatchObject({
    code: 'past_fork',
    repair: 'rewind',
    main_node_id: nodeIdOf(a),
    main_term: 3,
  });
  expect(status.divergence?.bytes_past_fork).toBeGreaterThan(1_000);
  expect(status.divergence?.main_promotion_ids).toHaveLength(2);
  expect(status.writes.allowed).toBe(false);
  expect(status.actions.rejoin.allowed).toBe(true);
  expect(status.notices.map(({ code }) => code)).toContain('diverged');
  await waitForStatus(panels.a, 'main to show it', ({ nodes }) =>
    nodes.some(({ status: each }) => each === 'diverged'),
  );
  await waitFor(() => eventTypesOf(a), {
    describe: 'main to tell it',
    until: (types) => types.includes('node_diverged'),
  });
  expect(await subscribersOf(b)).toContain('lost-300');
  expect(await b.postgres.isInRecovery()).toBe(true);
});

test('SAFETY §2 rejoin.sh: once repaired it follows, and main takes it back as online', async () => {
  const script = await panels.b.expectOk(panels.b.post<{ script_path: string }>('/api/cluster/rejoin', {}));
  const ran = await b.run(['bash', script.script_path], { timeoutMs: 300_000 });
  expect(ran.exitCode, `${ran.stdout}${ran.stderr}`).toBe(0);
  await streams(panels.b, 'b');
  await waitForStatus(panels.a, 'all to be online', ({ nodes }) => nodes.every(({ status }) => status === 'online'));
  expect(await subscribersOf(b)).toEqual(await subscribersOf(a));
});

test('SAFETY §3 Terms: a main that waits goes on when an admin says that it is the only one, and the others follow', async () => {
  const rows = readNodeFile(a).membership?.promotions.length ?? 0;
  await Promise.all([b.bff.stop(), c.bff.stop()]);
  await a.postgres.kill();
  await a.postgres.start();
  await waitForStatus(panels.a, 'main to wait', ({ actions }) => actions.claim_main.allowed);
  const unnamed = await panels.a.post<{ code: string }>('/api/cluster/claim-main', { confirm: 'b' });
  expect(unnamed.body.code).toBe('CONFIRMATION_NEEDED');
  const reply = await panels.a.post('/api/cluster/claim-main', { confirm: 'a' });
  expect(reply.status, JSON.stringify(reply.body)).toBe(202);
  await waitForStatus(panels.a, 'main to take writes', ({ writes }) => writes.allowed);
  const { membership } = readNodeFile(a);
  expect(membership?.term).toBe(3);
  expect(membership?.promotions).toHaveLength(rows + 1);
  await Promise.all([b.bff.start(), c.bff.start()]);
  await addSubscriber(panels.a, 'after-the-claim');
  for (const server of [b, c]) {
    await waitFor(() => subscribersOf(server), {
      describe: `${server.name} to follow still`,
      until: (names) => names.includes('after-the-claim'),
    });
    expect(readNodeFile(server).membership).toMatchObject({ divergence: null, fence: null });
  }
});
