/**
 * The panel of the candidate dies in the middle of a promotion and is started again: it goes on or says that it failed,
 * and there is one main in the end (DESIGN §8: every step may be repeated; SAFETY §3). Processes are held by SIGSTOP, so
 * that each death comes at a known moment.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { configureMain, joinSecondary } from '@proxpanel/testbed/join-servers';
import { pauseProcess } from '@proxpanel/testbed/pause-process';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readNodeFile, subscribersOf, waitForStatus } from './support/panel-status.ts';
import {
  askToPromote,
  eventTypesOf,
  promote,
  readHistory,
  readOperationFile,
  readPromotionRows,
  waitForEnd,
  writableServers,
} from './support/promotions.ts';

let testbed: Testbed;
let main: TestServer;
let candidates: TestServer[];

beforeAll(async () => {
  testbed = await createTestbed();
  const names = ['first', 'second', 'third'];
  const [configured, ...others] = await Promise.all(['main', ...names].map((name) => testbed.addServer(name)));
  if (configured === undefined) throw new Error('there is no main');
  main = configured;
  candidates = others;
  const { clusterSecret } = await configureMain(main, 'the main');
  for (const server of candidates) await joinSecondary(main, server, clusterSecret, `the ${server.name}`);
  await addSubscriber(await main.panel().signIn(), 'from-the-start');
  for (const server of candidates) {
    await waitFor(() => subscribersOf(server), { describe: 'the row to arrive', until: (rows) => rows.length === 1 });
  }
  // Each candidate's panel runs from its own test on: one that follows the new main by itself, and is then passed over,
  // would rightly have diverged.
  await Promise.all(candidates.slice(1).map((server) => server.bff.stop()));
  await main.kill();
}, 300_000);

afterAll(() => testbed.dispose());

/** Stops a process of PostgreSQL in its tracks; the returned function lets it go on, once. */
async function hold(pid: number): Promise<() => void> {
  await pauseProcess(pid);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    try {
      process.kill(pid, 'SIGCONT');
    } catch (error) {
      // Ended since, e.g. by a fence: whatever the test was waiting for says more about that than this would.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
}

async function pidOf(server: TestServer, backendType: string): Promise<number> {
  const [row] = await server.postgres.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE backend_type = $1',
    [backendType],
  );
  if (row === undefined) throw new Error(`${server.name} has no ${backendType}`);
  return row.pid;
}

interface Interruption {
  server: TestServer;
  phase: string;
  /** Holds what makes the phase last. */
  holdUp: () => Promise<() => void>;
  /** What else has to be so before the panel dies. */
  readyToDie?: () => boolean;
  /** What happens between the death of the panel and its next start. */
  meanwhile?: () => Promise<void>;
}

/** Promotes, kills the panel while it is in the phase, starts it again, and returns how that operation ended. */
async function interrupt({ server, phase, holdUp, readyToDie, meanwhile }: Interruption): Promise<Operation> {
  const panel = await server.panel().signIn();
  await waitForStatus(panel, 'a promotion to be possible', ({ promote: offer }) => offer.allowed);
  const letGo = await holdUp();
  try {
    const reply = await askToPromote(panel, { confirm: `the ${server.name}` });
    expect(reply.status, JSON.stringify(reply.body)).toBe(202);
    const isThere = (operation: Operation | null) =>
      operation?.phases.some(({ name, state }) => name === phase && state === 'running') === true;
    await waitFor(() => readOperationFile(server), {
      describe: `the phase ${phase}`,
      intervalMs: 5,
      deadlineMs: 45_000,
      until: isThere,
    });
    if (readyToDie) await waitFor(readyToDie, { describe: 'the moment', intervalMs: 5 });
    await server.bff.kill();
    expect(readOperationFile(server)).toSatisfy(isThere);
    letGo();
    await meanwhile?.();
    await server.bff.start();
    await server.bff.waitUntilReady();
    return await waitForEnd(panel, reply.body.operation_id);
  } finally {
    letGo();
  }
}

/** All that must hold once a promotion of the server has been completed. */
async function expectOneMain(server: TestServer, term: number): Promise<void> {
  const nodeId = readNodeFile(server).membership?.node_id;
  const panel = await server.panel().signIn();
  // A panel that was started again asks the others before it takes writes.
  await waitForStatus(
    panel,
    'the page to call it main, and to take writes',
    ({ server: self, writes }) => self.effective_role === 'main' && writes.allowed,
  );
  await addSubscriber(panel, `on-the-${server.name}`);
  await waitFor(() => writableServers(...candidates), {
    describe: 'one writable server',
    deadlineMs: 60_000,
    until: (names) => names.join() === `${server.name} (main)`,
  });
  const history = await readHistory(server);
  const rows = await readPromotionRows(server);
  expect(rows.at(-1)).toMatchObject({ term, node_id: nodeId, timeline: history.timeline, fork_lsn: history.forkLsn });
  // Each promotion is written down once, and no term twice.
  expect(new Set(rows.map((row) => row.term)).size).toBe(rows.length);
  expect(readNodeFile(server).membership?.promotions.at(-1)?.promotion_id).toBe(rows.at(-1)?.promotion_id);
  const completed = (await eventTypesOf(server)).filter((type) => type === 'failover_completed');
  expect(completed).toHaveLength(rows.length);
  const [source] = await server.postgres.query("SELECT current_setting('primary_conninfo') AS conninfo");
  expect(source).toEqual({ conninfo: '' });
  const delays = await server.postgres.query("SELECT current_setting('max_standby_streaming_delay') AS value");
  expect(delays).toEqual([{ value: '30s' }]);
}

test('killed before the database was promoted: it says so, is read-only as before, and can be promoted again', async () => {
  const [server] = candidates as [TestServer];
  const client = new pg.Client({ connectionString: server.postgres.url('proxpanel', '127.0.0.1') });
  client.on('error', () => undefined);
  await client.connect();
  const operation = await interrupt({
    server,
    phase: 'prepare_candidate',
    // A client that does not end when it is told to: the candidate waits for it.
    holdUp: async () => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return hold(rows[0]?.pid ?? 0);
    },
  });
  await client.end();
  expect(operation.state).toBe('failed');
  expect(operation.outcome).toMatch(/[Pp]romote again/);
  expect(await server.postgres.isInRecovery()).toBe(true);
  const again = await promote(await server.panel().signIn(), { confirm: 'the first' });
  expect(again.state, JSON.stringify(again)).toBe('completed');
  const term = readNodeFile(server).membership?.term ?? 0;
  expect(term).toBeGreaterThanOrEqual(2);
  await expectOneMain(server, term);
});

test('killed while PostgreSQL leaves recovery: started again it finds out, and ends what was begun', async () => {
  const [, server] = candidates as [TestServer, TestServer];
  await server.bff.start();
  const operation = await interrupt({
    server,
    phase: 'promote_database',
    holdUp: async () => hold(await pidOf(server, 'startup')),
    // What pg_promote leaves for the process that is held.
    readyToDie: () => existsSync(join(server.postgres.dataDirectory, 'promote')),
    // Promoted with nobody there to see it: node.json knows nothing of it yet.
    meanwhile: async () => {
      await waitFor(async () => !(await server.postgres.isInRecovery()), { describe: 'PostgreSQL to leave recovery' });
    },
  });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await expectOneMain(server, readNodeFile(server).membership?.term ?? 0);
});

test('killed after the record was written: started again it ends what is left, and writes nothing twice', async () => {
  const [, , server] = candidates as [TestServer, TestServer, TestServer];
  await server.bff.start();
  const operation = await interrupt({
    server,
    phase: 'checkpoint',
    holdUp: async () => hold(await pidOf(server, 'checkpointer')),
  });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await expectOneMain(server, readNodeFile(server).membership?.term ?? 0);
});
