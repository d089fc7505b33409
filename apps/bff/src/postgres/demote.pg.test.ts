import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { parseLsn } from './sql-types.ts';
import { nodeOf, startPair, waitForStreaming } from './testing/standby.ts';
import type { Pair } from './testing/standby.ts';
import { missingIds, startWriters } from './testing/writers.ts';

const never = new AbortController().signal;

interface LastRecord {
  readonly start: bigint;
  readonly bytes: number;
}

/** The last whole record that lies here, by PostgreSQL's own reader of the files. */
async function lastRecord(server: PostgresServer): Promise<LastRecord> {
  const [from] = await server.query<{ lsn: string; segment: string }>(
    'SELECT redo_lsn::text AS lsn, redo_wal_file AS segment FROM pg_control_checkpoint()',
  );
  const timeline = String(Number.parseInt(from?.segment.slice(0, 8) ?? '1', 16));
  const args = ['-p', join(server.dataDirectory, 'pg_wal'), '-s', from?.lsn ?? '', '-t', timeline];
  // It always ends with an error, since WAL does; the records that it listed stand before that.
  const said = await server.runProgram('pg_waldump', args).catch((error: unknown) => String(error));
  const records = [...said.matchAll(/len \(rec\/tot\): +\d+\/ *(\d+), tx: +\d+, lsn: ([0-9A-F]+\/[0-9A-F]+)/g)];
  const [, bytes, start] = records.at(-1) ?? [];
  return { start: parseLsn(start ?? null) ?? 0n, bytes: Number(bytes) };
}

async function secondaryHolds(pair: Pair, end: bigint): Promise<void> {
  await waitFor(() => pair.secondary.replication.endOfWal(AbortSignal.timeout(5_000)), {
    describe: 'the secondary to hold all that the demoted main wrote',
    until: (held) => held === end,
    deadlineMs: 60_000,
  });
}

test('SAFETY §1 demote: under eight writers nothing acknowledged is lost, here and on the secondary, and no write passes after', async () => {
  await using pair = await startPair();
  const { server, replication } = pair.main;
  await server.query('CREATE TABLE written (id bigint)');
  const writers = startWriters(server, { count: 8 });
  await waitFor(() => writers.acknowledged.length > 500, { describe: 'the writers to write' });
  await replication.demote(never);
  expect(await server.isInRecovery()).toBe(true);
  await access(join(server.dataDirectory, 'standby.signal'));
  const end = await replication.endOfWal(never);
  const last = await lastRecord(server);
  // Its length, rounded up to eight bytes, and the header of each page that it goes over.
  const pages = Math.ceil(last.bytes / 8_000);
  expect(Number(end - last.start)).toBeGreaterThanOrEqual(last.bytes);
  expect(Number(end - last.start)).toBeLessThanOrEqual(last.bytes + 8 + pages * 40);
  await waitForStreaming(pair.main);
  await secondaryHolds(pair, end);
  await writers.stop();
  expect(await missingIds(server, writers.acknowledged)).toEqual([]);
  expect(await missingIds(pair.secondary.server, writers.acknowledged)).toEqual([]);
  await expect(server.query('INSERT INTO written VALUES (0)')).rejects.toMatchObject({ code: '25006' });
  // Repeated, it does nothing but put the file back where it was lost.
  await rm(join(server.dataDirectory, 'standby.signal'));
  await replication.demote(never);
  await access(join(server.dataDirectory, 'standby.signal'));
  expect(await replication.endOfWal(never)).toBe(end);
});

/** One transaction of 200 subtransactions, each with a write, that stays open while the next ones come. */
const manySubtransactions = (id: number): string =>
  `DO $$ BEGIN
     FOR i IN 1..200 LOOP
       BEGIN INSERT INTO written VALUES (${id}); EXCEPTION WHEN division_by_zero THEN NULL; END;
     END LOOP;
     PERFORM pg_sleep(0.05);
   END $$`;

test('SAFETY §1 Without terminating clients before the CHECKPOINT: transactions of over 64 subtransactions do not wedge it', async () => {
  await using pair = await startPair();
  const { server, replication } = pair.main;
  await server.query('CREATE TABLE written (id bigint)');
  const writers = startWriters(server, { count: 6, statement: manySubtransactions });
  await waitFor(() => writers.acknowledged.length > 20, { describe: 'the writers to write' });
  await replication.demote(never);
  await waitForStreaming(pair.main);
  await secondaryHolds(pair, await replication.endOfWal(never));
  await writers.stop();
  expect(await missingIds(server, writers.acknowledged)).toEqual([]);
});

test('SAFETY §1 demote: with durability sync and no standby it does not hang, and the waiting commit is not acknowledged', async () => {
  await using server = await startPostgres();
  const node = nodeOf(server);
  await server.query('CREATE TABLE written (id bigint)');
  await node.replication.setSynchronousNodes([2]);
  const client = new pg.Client({ connectionString: server.url() });
  client.on('error', () => undefined);
  await client.connect();
  const commit = client.query('INSERT INTO written VALUES (1)').then(
    () => 'acknowledged',
    () => 'ended',
  );
  await waitFor(async () => (await node.replication.synchronousState()).waitingBackends === 1, {
    describe: 'the commit to wait for its standby',
  });
  await node.replication.keepStandbySignal(true);
  await node.replication.demote(never);
  expect(await commit).toBe('ended');
  expect(await server.isInRecovery()).toBe(true);
  await client.end();
  await node.connections.close();
});

test('SAFETY §1 stop: a fast stop under writers leaves the secondary with the shutdown checkpoint and all rows', async () => {
  await using pair = await startPair();
  const { server, replication } = pair.main;
  await server.query('CREATE TABLE written (id bigint)');
  const writers = startWriters(server, { count: 8 });
  await waitFor(() => writers.acknowledged.length > 500, { describe: 'the writers to write' });
  await replication.keepStandbySignal(true);
  await server.stop();
  const control = await server.runProgram('pg_controldata', ['-D', server.dataDirectory]);
  expect(control).toMatch(/cluster state: +shut down$/m);
  const latest = parseLsn(/^Latest checkpoint location: +(\S+)$/m.exec(control)?.[1] ?? null) ?? 0n;
  const held = await pair.secondary.replication.endOfWal(never);
  expect(held).toBeGreaterThan(latest);
  await writers.stop();
  expect(await missingIds(pair.secondary.server, writers.acknowledged)).toEqual([]);
  await server.start();
  expect(await server.isInRecovery()).toBe(true);
  expect(await replication.endOfWal(never)).toBe(held);
});

test('SAFETY §2 an LSN read from a node is not its end while it replays: endOfWal waits for what lies there', async () => {
  await using pair = await startPair();
  const { main, secondary } = pair;
  await secondary.server.query('SELECT pg_wal_replay_pause()');
  await waitFor(
    async () =>
      (await secondary.server.query<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state'))[0]?.state,
    { describe: 'replay to pause', until: (state) => state === 'paused' },
  );
  await main.server.query('CREATE TABLE filler AS SELECT repeat(md5(i::text), 32) FROM generate_series(1, 5000) i');
  // A stop in order waits until the secondary holds all of it, replayed or not.
  await main.server.stop();
  const { replayLsn: early, receiveLsn: received } = await secondary.replication.positions();
  const end = secondary.replication.endOfWal(never);
  await expect(secondary.replication.endOfWal(AbortSignal.timeout(500))).rejects.toThrow();
  await secondary.server.query('SELECT pg_wal_replay_resume()');
  expect(await end).toBe(received);
  expect(early).toBeLessThan(await end);
  await expect(pair.secondary.replication.endOfWal(AbortSignal.abort(new Error('called off')))).rejects.toThrow(
    'called off',
  );
});
