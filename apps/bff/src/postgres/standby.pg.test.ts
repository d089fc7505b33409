import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { hbaLines, startPair, waitForStreaming } from './testing/standby.ts';
import type { Pair } from './testing/standby.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(async () => {
  await pair[Symbol.asyncDispose]();
});

const lag = (from: bigint | null | undefined, to: bigint | null | undefined): bigint | null =>
  from == null || to == null ? null : from - to;

test('idle and caught up, both servers see the same position and no lag', async () => {
  const [atMain, atSecondary] = await waitFor(
    async () => [await pair.main.replication.positions(), await pair.secondary.replication.positions()] as const,
    {
      describe: 'the secondary to have caught up',
      until: ([main, secondary]) =>
        main.currentLsn !== null &&
        main.currentLsn === secondary.replayLsn &&
        main.currentLsn === main.senders[0]?.replayLsn,
    },
  );
  expect(atMain).toMatchObject({ inRecovery: false, receiveLsn: null, replayLsn: null, receiver: null });
  expect(atMain.senders).toMatchObject([{ applicationName: 'node_2', clientAddress: '127.0.0.1', state: 'streaming' }]);
  expect(atMain.senders[0]?.replyAgeMs).toBeTypeOf('number');
  expect(atMain.slots).toMatchObject([{ name: 'replica_2', active: true }]);
  expect(atMain.slots[0]?.restartLsn).toBeTypeOf('bigint');
  expect(atSecondary).toMatchObject({ inRecovery: true, currentLsn: null, senders: [] });
  expect(atSecondary.receiver).toMatchObject({ status: 'streaming', senderHost: '127.0.0.1', timeoutMs: 10_000 });
  expect(atSecondary.receiver?.lastMessageAgeMs).toBeLessThan(60_000);
  expect(Math.abs(Date.now() - atMain.atMs)).toBeLessThan(60_000);
});

test("with replay paused and 50 MB written, both sides report PostgreSQL's own difference in bytes", async () => {
  await pair.secondary.server.query('SELECT pg_wal_replay_pause()');
  try {
    await pair.main.server.query(
      'CREATE TABLE filler AS SELECT repeat(md5(i::text), 32) FROM generate_series(1, 50000) i',
    );
    const [row] = await pair.main.server.query<{ bytes: string; written: string }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::text AS bytes FROM pg_stat_replication`,
    );
    const main = await waitFor(() => pair.main.replication.positions(), {
      describe: 'all of it to be sent and flushed',
      until: (now) => now.currentLsn === now.senders[0]?.flushLsn,
    });
    const secondary = await pair.secondary.replication.positions();
    const expected = Number(row?.bytes);
    expect(expected).toBeGreaterThan(50_000_000);
    expect(Math.abs(Number(lag(main.currentLsn, main.senders[0]?.replayLsn)) - expected)).toBeLessThanOrEqual(8_192);
    expect(Math.abs(Number(lag(secondary.receiveLsn, secondary.replayLsn)) - expected)).toBeLessThanOrEqual(8_192);
  } finally {
    await pair.secondary.server.query('SELECT pg_wal_replay_resume()');
  }
});

test('pointing a standby at the source that it has changes nothing; a new password is only written', async () => {
  const receiver = async (): Promise<unknown> =>
    (await pair.secondary.server.query<{ pid: number }>('SELECT pid FROM pg_stat_wal_receiver'))[0]?.pid;
  const loaded = async (): Promise<unknown> =>
    (await pair.secondary.server.query('SELECT pg_conf_load_time()::text AS at'))[0];
  // As setup_replica.sh spells it.
  const spelled = `host=127.0.0.1 port=${pair.source.port} user=replicator application_name=node_2 passfile=''${pair.secondary.server.dataDirectory}/proxpanel.pgpass''`;
  await pair.secondary.server.query(`ALTER SYSTEM SET primary_conninfo = '${spelled}'`);
  await pair.secondary.server.query('SELECT pg_reload_conf()');
  const first = await receiver();
  await waitFor(async () => ![null, undefined, first].includes((await receiver()) as never), {
    describe: 'the receiver to connect with the new setting',
  });
  await waitForStreaming(pair.main);
  const before = [await receiver(), await loaded()];
  expect(before[0]).toBeTypeOf('number');
  await pair.secondary.replication.setStandbySource(pair.source);
  expect([await receiver(), await loaded()]).toEqual(before);
  const login = { ...pair.source.login, password: 'another' };
  await pair.secondary.replication.setStandbySource({ ...pair.source, login });
  expect(await readFile(join(pair.secondary.server.dataDirectory, 'proxpanel.pgpass'), 'utf8')).toContain(':another\n');
  expect([await receiver(), await loaded()]).toEqual(before);
  await pair.secondary.replication.setStandbySource(pair.source);
});

test('in recovery pg_hba, slots and sizes can be asked for and changed too', async () => {
  const { replication, server } = pair.secondary;
  const lines = [...hbaLines, 'host replication replicator 10.9.8.7/32 scram-sha-256'];
  await replication.writeHbaBlock(lines);
  const text = await readFile(join(server.dataDirectory, 'pg_hba.conf'), 'utf8');
  expect(text.split('\n').slice(1, 4)).toEqual(lines);
  // The clone brought main's block along: it was replaced and not added to.
  expect(text.match(/# BEGIN proxpanel/g)).toHaveLength(1);
  await replication.createSlot('replica_1');
  await replication.createSlot('replica_1');
  expect((await replication.positions()).slots.map((slot) => slot.name)).toEqual(['replica_1']);
  await replication.dropSlot('replica_1');
  await replication.dropSlot('replica_1');
  expect((await replication.positions()).slots).toEqual([]);
  const usage = await replication.dataDirectoryUsage();
  expect(usage?.usedPercent).toBeGreaterThan(0);
  expect(usage?.freeBytes).toBeGreaterThan(0);
  expect(await replication.databaseBytes()).toBeGreaterThan(5_000_000);
  await expect(replication.ensureClusterRole({ user: 'proxpanel_cluster', password: 'x' })).rejects.toMatchObject({
    code: 'READ_ONLY',
  });
});

test('a base backup shows its name, phase and bytes while it runs', async () => {
  const { server, replication } = pair.main;
  const target = join(server.dataDirectory, '..', 'slow-clone');
  const url = `host=127.0.0.1 port=${server.port} user=replicator application_name=node_3 password='pass:w\\\\ord\\''`;
  const clone = server.runProgram('pg_basebackup', ['-D', target, '-d', url, '-c', 'fast', '-X', 'none', '-r', '1M']);
  const ended = expect(clone).rejects.toThrow(/COMMAND_FAILED|terminat|error/i);
  const seen = await waitFor(async () => (await replication.positions()).clones, {
    describe: 'the clone to have sent something',
    until: (clones) => clones.some((each) => each.streamed_bytes > 100_000 && each.total_bytes !== null),
  });
  const total = seen[0]?.total_bytes ?? 0;
  expect(seen).toMatchObject([
    { applicationName: 'node_3', clientAddress: '127.0.0.1', phase: 'streaming database files' },
  ]);
  expect(seen[0]?.percent).toBeCloseTo(((seen[0]?.streamed_bytes ?? 0) / total) * 100);
  await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_progress_basebackup');
  await ended;
});

test('a slot in use is dropped, though its standby keeps coming back, and can be made again', async () => {
  const { replication } = pair.main;
  await replication.dropSlot('replica_2');
  expect((await replication.positions()).slots).toEqual([]);
  const secondary = await waitFor(() => pair.secondary.replication.positions(), {
    describe: 'the receiver to be gone',
    until: (now) => now.receiver === null,
  });
  expect(secondary.receiveLsn).not.toBeNull();
  await replication.createSlot('replica_2');
  await waitForStreaming(pair.main);
});

test('without a source a standby stays where it is and keeps no password', async () => {
  await pair.secondary.replication.clearStandbySource();
  await pair.secondary.replication.clearStandbySource();
  const [row] = await pair.secondary.server.query(
    `SELECT current_setting('primary_conninfo') AS conninfo, current_setting('primary_slot_name') AS slot,
            pg_stat_file('proxpanel.pgpass', true) AS passfile`,
  );
  expect(row).toEqual({ conninfo: '', slot: '', passfile: null });
  await pair.secondary.replication.setStandbySource(pair.source);
  await waitForStreaming(pair.main);
});
