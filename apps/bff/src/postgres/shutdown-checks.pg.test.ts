import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { checkForShutdown } from './shutdown-checks.ts';
import { nodeOf } from './testing/standby.ts';
import { connect } from './testing/test-database.ts';

const never = new AbortController().signal;

async function set(server: PostgresServer, name: string, value: string | null): Promise<void> {
  await server.query(`ALTER SYSTEM ${value === null ? `RESET ${name}` : `SET ${name} = '${value}'`}`);
}

test('SAFETY §1 Preflight refuses, each with its own sentence', async () => {
  await using server = await startPostgres({ settings: { wal_level: 'logical', max_prepared_transactions: 5 } });
  const node = nodeOf(server);
  const codes = async (): Promise<string[]> =>
    (await node.replication.checkForShutdown()).refusals.map((refusal) => refusal.code);
  expect(await codes()).toEqual([]);

  const byReload: readonly [name: string, value: string, code: string][] = [
    ['restart_after_crash', 'off', 'RESTART_AFTER_CRASH_OFF'],
    ['promote_trigger_file', '/tmp/none', 'PROMOTE_TRIGGER_FILE'],
    ['recovery_min_apply_delay', '1min', 'RECOVERY_MIN_APPLY_DELAY'],
  ];
  for (const [name, value, code] of byReload) {
    await set(server, name, value);
    await server.query('SELECT pg_reload_conf()');
    await waitFor(codes, { describe: `${code} alone`, until: (seen) => seen.join() === code });
    await set(server, name, null);
  }
  const byRestart: readonly [name: string, value: string, code: string][] = [
    ['recovery_target', 'immediate', 'RECOVERY_TARGET'],
    ['recovery_target_name', 'here', 'RECOVERY_TARGET'],
    ['recovery_target_time', '2020-01-01', 'RECOVERY_TARGET'],
    ['recovery_target_xid', '700', 'RECOVERY_TARGET'],
    ['recovery_target_lsn', '0/1', 'RECOVERY_TARGET'],
    ['recovery_target_timeline', 'current', 'RECOVERY_TARGET_TIMELINE'],
    ['hot_standby', 'off', 'HOT_STANDBY_OFF'],
  ];
  for (const [name, value, code] of byRestart) {
    await set(server, name, value);
    await server.stop();
    await server.start();
    await waitFor(codes, { describe: `${code} alone, by ${name}`, until: (seen) => seen.join() === code });
    await set(server, name, null);
  }
  await server.stop();
  await server.start();

  await server.query("SELECT pg_create_logical_replication_slot('theirs', 'pgoutput')");
  expect(await codes()).toEqual(['LOGICAL_SLOTS']);
  await server.query("SELECT pg_drop_replication_slot('theirs')");
  await server.query("BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'waiting'");
  const { refusals } = await node.replication.checkForShutdown();
  expect(refusals).toMatchObject([{ code: 'PREPARED_TRANSACTIONS' }]);
  expect(refusals[0]?.sentence).toContain('1 prepared');
  await server.query("ROLLBACK PREPARED 'waiting'");
  await node.connections.close();
});

test('SAFETY §1 Preflight refuses a role that is not superuser, and a needed setting on the command line', async () => {
  await using server = await startPostgres();
  await server.query("CREATE ROLE plain LOGIN PASSWORD 'plain'");
  await server.stop();
  const options = '-c wal_receiver_timeout=20s -c work_mem=5MB';
  await server.runProgram('pg_ctl', ['start', '-w', '-D', server.dataDirectory, '-l', server.logPath, '-o', options]);
  await using plain = connect(server, { databaseUrl: server.url().replace(/\/\/postgres:[^@]*@/, '//plain:plain@') });
  const { refusals } = await checkForShutdown(plain.cluster);
  expect(refusals.map((refusal) => refusal.code)).toEqual(['NOT_SUPERUSER', 'SETTING_ON_COMMAND_LINE']);
  expect(refusals[1]?.sentence).toContain('wal_receiver_timeout on its command line');
});

test('SAFETY §1 It says that unlogged tables empty and statistics reset, and the figures of the gap', async () => {
  await using server = await startPostgres();
  const node = nodeOf(server);
  await node.replication.checkpoint();
  const before = await node.replication.checkForShutdown();
  expect(before.warnings.map((warning) => warning.code)).toEqual(['STATISTICS_RESET']);
  expect(before.databaseBytes).toBeGreaterThan(1_000_000);
  await server.query('CREATE UNLOGGED TABLE cache (id int)');
  await server.query('CREATE TABLE filler AS SELECT repeat(md5(i::text), 32) FROM generate_series(1, 5000) i');
  const after = await node.replication.checkForShutdown();
  expect(after.warnings[1]).toMatchObject({ code: 'UNLOGGED_TABLES_EMPTY' });
  expect(after.warnings[1]?.sentence).toContain('cache');
  expect(after.walSinceCheckpointBytes).toBeGreaterThan(before.walSinceCheckpointBytes + 5_000_000);
  await node.replication.demote(never);
  // Asked of the demoted server it answers as well, and nothing lies beyond its checkpoint but a few records.
  expect((await node.replication.checkForShutdown()).walSinceCheckpointBytes).toBeLessThan(1_000_000);
  expect(await server.query('SELECT count(*)::int AS count FROM filler')).toEqual([{ count: 5_000 }]);
  await node.connections.close();
});

test('SAFETY §1 Fail-safe restart: standby.signal is kept, a crash comes up read-only, and a fence puts back a lost one', async () => {
  await using server = await startPostgres();
  const { replication, connections } = nodeOf(server);
  expect(await replication.standbySignal()).toBe(false);
  await replication.keepStandbySignal(true);
  await replication.keepStandbySignal(true);
  expect(await replication.standbySignal()).toBe(true);
  // It says nothing about the running server, which is main on.
  await server.query('CREATE TABLE kept (id int)');
  await server.kill();
  await server.start();
  expect(await server.isInRecovery()).toBe(true);
  await replication.promote(60);
  expect(await replication.standbySignal()).toBe(false);
  await replication.keepStandbySignal(true);
  await replication.fence(never);
  await rm(join(server.dataDirectory, 'standby.signal'));
  await replication.fence(never);
  expect(await replication.standbySignal()).toBe(true);
  await replication.keepStandbySignal(false);
  expect(await replication.standbySignal()).toBe(false);
  await connections.close();
});
