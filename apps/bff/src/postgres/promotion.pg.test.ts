import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { terminateOtherClients } from './promotion.ts';
import { nodeOf, startPair, waitForStreaming } from './testing/standby.ts';
import type { Node } from './testing/standby.ts';

async function openClient(server: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url() });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function settingOf(node: Node, name: string): Promise<string | undefined> {
  const rows = await node.connections.cluster.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
  return rows[0]?.value;
}

test('promotion: readers end, the fork LSN is the end of the dead main, and settings come back as they were', async () => {
  await using pair = await startPair();
  const { main, secondary } = pair;
  await main.server.query('CREATE TABLE kept AS SELECT 1 AS id');
  await secondary.server.query("ALTER SYSTEM SET max_standby_streaming_delay = '77s'");
  await secondary.server.query("ALTER SYSTEM SET synchronous_standby_names = 'node_2'");
  await secondary.server.query('SELECT pg_reload_conf()');
  const retryBefore = await settingOf(secondary, 'wal_retrieve_retry_interval');
  const written = await waitFor(
    async () => [await main.replication.positions(), await secondary.replication.positions()] as const,
    { describe: 'the secondary to hold all', until: ([left, right]) => left.currentLsn === right.replayLsn },
  );
  await main.server.kill();
  // A busy machine lets main's own processes write a little more between the look and its death.
  const end = await secondary.replication.endOfWal(new AbortController().signal);
  expect(end).toBeGreaterThanOrEqual(written[0].currentLsn ?? 0n);

  const reader = await openClient(secondary.server);
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM kept');
  await secondary.replication.prepareCandidate();
  await expect(reader.query('SELECT 1')).rejects.toThrow();
  // Interrupted and repeated: what is put back later is still the admin's own value.
  await secondary.replication.prepareCandidate();
  expect(await settingOf(secondary, 'max_standby_streaming_delay')).toBe('0');
  expect(await settingOf(secondary, 'wal_retrieve_retry_interval')).toBe('50ms');

  const fork = await secondary.replication.promote(60);
  expect(fork.timeline).toBe(2);
  const [high, low] = fork.forkLsn.split('/');
  expect((BigInt(`0x${String(high)}`) << 32n) + BigInt(`0x${String(low)}`)).toBe(end);
  expect(await secondary.replication.promote(60)).toEqual(fork);

  await secondary.replication.restoreAfterPromotion();
  await secondary.replication.restoreAfterPromotion();
  expect(await settingOf(secondary, 'max_standby_streaming_delay')).toBe('77s');
  expect(await settingOf(secondary, 'max_standby_archive_delay')).toBe('30s');
  expect(await settingOf(secondary, 'wal_retrieve_retry_interval')).toBe(retryBefore);
  expect(await settingOf(secondary, 'synchronous_standby_names')).toBe('');
  await secondary.replication.checkpoint();
  const [control] = await secondary.server.query('SELECT timeline_id FROM pg_control_checkpoint()');
  expect(control).toEqual({ timeline_id: 2 });
  await secondary.server.query('INSERT INTO kept VALUES (2)');
});

test('a server that was never promoted has no fork to tell', async () => {
  await using server = await startPostgres();
  const node = nodeOf(server);
  await expect(node.replication.promote(5)).rejects.toMatchObject({ code: 'NOT_SECONDARY' });
  await node.connections.close();
});

/** Inserts as fast as it can, counting what was acknowledged, until it is told to stop. */
async function write(server: PostgresServer, signal: AbortSignal, acknowledged: number[]): Promise<void> {
  for (let id = 1; !signal.aborted;) {
    let client: pg.Client | null = null;
    try {
      client = await openClient(server);
      while (!signal.aborted) {
        await client.query('INSERT INTO written VALUES ($1)', [id]);
        acknowledged.push(id);
        id += 1;
      }
    } catch {
      // Shut out or read-only: a real client would try again, and so does this one.
      id += 1;
    } finally {
      await client?.end();
    }
  }
}

test('a fence under writing clients ends in recovery, loses nothing acknowledged and takes no write afterwards', async () => {
  await using pair = await startPair();
  const { server, replication } = pair.main;
  await server.query('CREATE TABLE written (id int)');
  const stop = new AbortController();
  const acknowledged: number[] = [];
  const writers = [1, 2, 3].map(() => write(server, stop.signal, acknowledged));
  await waitFor(() => acknowledged.length > 50, { describe: 'the writers to write' });

  await replication.fence(new AbortController().signal);
  expect(await server.isInRecovery()).toBe(true);
  await access(join(server.dataDirectory, 'standby.signal'));
  const count = async (): Promise<number> =>
    Number((await server.query<{ count: string }>('SELECT count(*) FROM written'))[0]?.count);
  const after = await count();
  expect(after).toBeGreaterThanOrEqual(acknowledged.length);
  // The writers are still trying; each of them is refused.
  await expect(server.query('INSERT INTO written VALUES (0)')).rejects.toMatchObject({ code: '25006' });
  await expect(
    server.query('BEGIN; SET TRANSACTION READ WRITE; INSERT INTO written VALUES (0); COMMIT'),
  ).rejects.toThrow(/read-write|read-only/);
  expect(await count()).toBe(after);
  // Repeated, it has nothing to do: no second kill.
  const started = await server.query('SELECT pg_postmaster_start_time()::text, pg_conf_load_time()::text');
  await replication.fence(new AbortController().signal);
  expect(await server.query('SELECT pg_postmaster_start_time()::text, pg_conf_load_time()::text')).toEqual(started);
  stop.abort();
  await Promise.all(writers);
});

test('a fence is refused where it would stop the server for good, and when it was called off before', async () => {
  await using server = await startPostgres({ settings: { restart_after_crash: 'off' } });
  const node = nodeOf(server);
  await expect(node.replication.fence(AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off');
  await expect(node.replication.fence(new AbortController().signal)).rejects.toMatchObject({ code: 'BLOCKED' });
  expect(await server.isInRecovery()).toBe(false);
  await expect(readFile(join(server.dataDirectory, 'standby.signal'))).rejects.toMatchObject({ code: 'ENOENT' });
  await node.connections.close();
});

test('other clients are ended, walsenders and our own connections are not', async () => {
  await using pair = await startPair();
  const { server, connections } = pair.main;
  const [sender] = await server.query<{ pid: number }>('SELECT pid FROM pg_stat_replication');
  const [own] = await connections.cluster.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const clients = await Promise.all([1, 2, 3].map(() => openClient(server)));
  await clients[0]?.query('BEGIN; CREATE TABLE uncommitted ()');
  await terminateOtherClients(connections.cluster);
  for (const client of clients) await expect(client.query('SELECT 1')).rejects.toThrow();
  expect(await connections.cluster.query('SELECT pg_backend_pid() AS pid')).toEqual([own]);
  expect(await server.query('SELECT pid FROM pg_stat_replication')).toEqual([sender]);
  expect(await server.query("SELECT to_regclass('uncommitted') AS name")).toEqual([{ name: null }]);
  await waitForStreaming(pair.main);
});
