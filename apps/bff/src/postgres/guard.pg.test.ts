import { readFile, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pauseProcess } from '@proxpanel/testbed/pause-process';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { commandLineOf, listProcesses, workingDirectoryOf } from '@proxpanel/testbed/processes';
import type { ProcessInfo } from '@proxpanel/testbed/processes';
import { waitFor } from '@proxpanel/testbed/wait-for';
import type { GuardPort } from '../cluster/postgres-ports.ts';
import { createGuard } from './guard.ts';
import { clock } from './testing/test-database.ts';
import { nodeOf } from './testing/standby.ts';
import type { Node } from './testing/standby.ts';
import { missingIds, startWriters } from './testing/writers.ts';

const nowMs = (): number => clock.bootSeconds() * 1_000;

/** The guards of this data directory by what /proc shows, not by what the guard says of itself. */
function guardsOf(server: PostgresServer): ProcessInfo[] {
  return listProcesses().filter(
    ({ pid, state }) =>
      state !== 'Z' &&
      commandLineOf(pid)?.includes('proxpanel-guard') === true &&
      workingDirectoryOf(pid) === server.dataDirectory,
  );
}

interface Guarded extends AsyncDisposable, Node {
  readonly guard: GuardPort;
}

async function startGuarded(): Promise<Guarded> {
  const node = nodeOf(await startPostgres());
  await node.server.query('CREATE TABLE written (id bigint)');
  return {
    ...node,
    guard: createGuard(node.connections.cluster, clock),
    async [Symbol.asyncDispose]() {
      await node.connections.close();
      const { server } = node;
      await server.dispose();
      // Its directory is gone, and with it what it guarded.
      await waitFor(() => guardsOf(server).length === 0, { describe: 'the guard to end with its data directory' });
    },
  };
}

test('SAFETY §3 Guard: with the BFF frozen it fences when the deadline has passed, not before, and once', async () => {
  await using node = await startGuarded();
  const { server, guard } = node;
  const writers = startWriters(server, { count: 3 });
  const deadlineMs = nowMs() + 3_000;
  expect(await guard.keep(deadlineMs)).toBe(true);
  // Nobody renews: this test is the frozen BFF.
  const seenAtMs = await waitFor(async () => ((await server.isInRecovery()) ? nowMs() : null), {
    describe: 'the guard to fence',
    deadlineMs: 60_000,
  });
  expect(seenAtMs).toBeGreaterThan(deadlineMs);
  expect(existsSync(join(server.dataDirectory, 'standby.signal'))).toBe(true);
  await writers.stop();
  expect(await missingIds(server, writers.acknowledged)).toEqual([]);
  await expect(server.query('INSERT INTO written VALUES (0)')).rejects.toMatchObject({ code: '25006' });
  await waitFor(() => guardsOf(server).length === 0, { describe: 'the guard to end' });
  expect(Number(await readFile(join(server.dataDirectory, 'proxpanel.fenced'), 'utf8'))).toBe(Math.floor(deadlineMs));
  expect(existsSync(join(server.dataDirectory, 'proxpanel.deadline'))).toBe(false);
  // Who promotes it afterwards is not shut again.
  await node.replication.promote(60);
  await server.query('INSERT INTO written VALUES (0)');
  expect(server.readLog().match(/was terminated by signal 9/g)).toHaveLength(1);
});

test('SAFETY §3 Guard: renewed it does not fence; there is one; told to end it ends and nothing is fenced', async () => {
  await using node = await startGuarded();
  const { server, guard } = node;
  const other = createGuard(node.connections.cluster, clock);
  // Generous deadlines, many renewals: a loaded machine may be slow to renew.
  expect(await Promise.all([guard.keep(nowMs() + 8_000), other.keep(nowMs() + 8_000)])).toEqual([true, true]);
  // The one that lost the lock waits a second for it before it gives up.
  const [first] = await waitFor(() => guardsOf(server), {
    describe: 'one guard to be left',
    until: (guards) => guards.length === 1,
  });
  const until = nowMs() + 12_000;
  await waitFor(
    async () => {
      expect(await guard.keep(nowMs() + 8_000)).toBe(true);
      return nowMs() > until;
    },
    { describe: 'the first deadline to be long past', deadlineMs: 60_000, intervalMs: 200 },
  );
  expect(guardsOf(server)).toMatchObject([{ pid: first?.pid, startTicks: first?.startTicks }]);
  expect(await server.isInRecovery()).toBe(false);
  await guard.keep(nowMs() + 8_000);
  await guard.stop();
  expect(guardsOf(server)).toEqual([]);
  await guard.stop();
  expect(await server.isInRecovery()).toBe(false);
  expect(server.readLog()).not.toContain('was terminated by signal');
});

test('SAFETY §3 Guard: detached it holds no xmin, no descriptor of the backend that started it, and no session', async () => {
  await using node = await startGuarded();
  const { server, guard, connections } = node;
  const [{ pid: backend } = { pid: 0 }] = await connections.cluster.query<{ pid: number }>(
    'SELECT pg_backend_pid() AS pid',
  );
  expect(await guard.keep(nowMs() + 600_000)).toBe(true);
  const [found] = guardsOf(server);
  const descriptors = await readdir(`/proc/${String(found?.pid)}/fd`);
  // 9 is its own lock.
  expect(descriptors.filter((fd) => !['0', '1', '2', '9'].includes(fd))).toEqual([]);
  expect(found?.terminal).toBe(0);
  expect(found?.parentPid).not.toBe(backend);
  const [held] = await server.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  expect(held).toEqual({ count: 0 });
  await server.query('INSERT INTO written SELECT generate_series(1, 1000); DELETE FROM written');
  // All of it can be given back: a held xmin would keep the dead rows for as long as the guard lives.
  await waitFor(
    async () => {
      await server.query('VACUUM written');
      return (
        (await server.query<{ bytes: number }>("SELECT pg_relation_size('written')::int AS bytes"))[0]?.bytes === 0
      );
    },
    { describe: 'vacuum to give the table back' },
  );
  await guard.stop();
});

test('SAFETY §3 Guard: it survives a crash of PostgreSQL, a killed one is started again, and it fences after both', async () => {
  await using node = await startGuarded();
  const { server, guard } = node;
  expect(await guard.keep(nowMs() + 60_000)).toBe(true);
  const [first] = guardsOf(server);
  await expect(server.query("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'")).rejects.toThrow();
  await waitFor(() => server.query('INSERT INTO written VALUES (1)'), { describe: 'PostgreSQL to be back' });
  expect(await waitFor(() => guard.keep(nowMs() + 60_000), { describe: 'the guard to be kept' })).toBe(true);
  expect(guardsOf(server)).toMatchObject([{ pid: first?.pid }]);

  process.kill(first?.pid ?? 0, 'SIGKILL');
  await waitFor(() => guardsOf(server).length === 0, { describe: 'the guard to be dead' });
  expect(await guard.keep(nowMs() + 60_000)).toBe(true);
  const [second] = guardsOf(server);
  expect(second?.pid).not.toBe(first?.pid);
  // One that is stopped fences nobody, and no second one may run beside it.
  await pauseProcess(second?.pid ?? 0);
  expect(await guard.keep(nowMs() + 60_000)).toBe(false);
  process.kill(second?.pid ?? 0, 'SIGCONT');

  await waitFor(() => guard.keep(nowMs() + 500), { describe: 'the guard to take its deadline' });
  await waitFor(() => server.isInRecovery(), { describe: 'the guard to fence', deadlineMs: 60_000 });
});

test('SAFETY §3 Guard: a server that is in recovery already is left alone, but a promotion after the deadline is not', async () => {
  await using node = await startGuarded();
  const { server, guard, replication } = node;
  await replication.fence(new AbortController().signal);
  const crashes = (): number => server.readLog().match(/terminating any other active server processes/g)?.length ?? 0;
  const before = crashes();
  const deadlineMs = nowMs() + 300;
  expect(await guard.keep(deadlineMs)).toBe(true);
  await waitFor(() => nowMs() > deadlineMs + 1_500, { describe: 'the deadline to be past' });
  expect(crashes()).toBe(before);
  expect(guardsOf(server)).toHaveLength(1);
  // Begun before the deadline, ended after it: nobody has the lease, so it is shut again.
  await server.query('SELECT pg_promote(false)');
  await waitFor(() => crashes() > before, { describe: 'the guard to end the writer', deadlineMs: 60_000 });
  await waitFor(() => server.isInRecovery(), { describe: 'PostgreSQL to be read-only again' });
});

test('SAFETY §3 Guard: a clock that is not its own is refused, since it could not know when to fence', async () => {
  await using node = await startGuarded();
  const elsewhere = { ...clock, bootSeconds: () => clock.bootSeconds() + 100 };
  const guard = createGuard(node.connections.cluster, elsewhere);
  await expect(guard.keep(nowMs() + 60_000)).rejects.toMatchObject({ code: 'HOST_FAULT' });
  expect(guardsOf(node.server)).toEqual([]);
});
