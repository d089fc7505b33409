import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import { parseDf } from './disk-usage.ts';
import { nodeOf } from './testing/standby.ts';
import type { Node } from './testing/standby.ts';

async function settings(node: Node): Promise<Record<string, string>> {
  const names = [
    ...['wal_level', 'max_wal_senders', 'max_replication_slots', 'wal_keep_size', 'hot_standby', 'wal_log_hints'],
    ...['recovery_init_sync_method', 'checkpoint_timeout', 'wal_retrieve_retry_interval', 'wal_sender_timeout'],
    'wal_receiver_timeout',
  ];
  const rows = await node.connections.cluster.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [names],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}

test('on a default server only wal_log_hints waits for a restart; after it nothing does', async () => {
  await using server = await startPostgres();
  const node = nodeOf(server);
  const pending = await node.replication.applyMainSettings({ walTimeoutMs: 5_000 });
  expect(pending).toEqual([{ name: 'wal_log_hints', wanted: 'on', running: 'off' }]);
  // Told by a connection of its own as well, at once: the reload has been applied.
  const fresh = nodeOf(server);
  expect(await fresh.replication.pendingRestart()).toEqual(pending);
  expect(await settings(fresh)).toMatchObject({ wal_keep_size: '1GB', wal_receiver_timeout: '5s' });
  expect(await node.replication.applyMainSettings({ walTimeoutMs: 5_000 })).toEqual(pending);
  await server.stop();
  await server.start();
  expect(await node.replication.pendingRestart()).toEqual([]);
  expect(await settings(node)).toEqual({
    wal_level: 'replica',
    max_wal_senders: '10',
    max_replication_slots: '10',
    wal_keep_size: '1GB',
    hot_standby: 'on',
    wal_log_hints: 'on',
    recovery_init_sync_method: 'syncfs',
    checkpoint_timeout: '5min',
    wal_retrieve_retry_interval: '200ms',
    wal_sender_timeout: '5s',
    wal_receiver_timeout: '5s',
  });
  await Promise.all([node.connections.close(), fresh.connections.close()]);
});

test('settings are only raised: what an admin has set higher stays, also while it waits for a restart', async () => {
  await using server = await startPostgres({
    settings: {
      wal_level: 'logical',
      max_wal_senders: 4,
      max_replication_slots: 40,
      wal_keep_size: '3GB',
      checkpoint_timeout: '20min',
      wal_retrieve_retry_interval: '50ms',
      listen_addresses: '127.0.0.1',
    },
  });
  const node = nodeOf(server);
  await server.query('ALTER SYSTEM SET max_wal_senders = 25');
  await server.query('SELECT pg_reload_conf()');
  expect(await node.replication.applyMainSettings({ walTimeoutMs: 10_000 })).toEqual([
    { name: 'max_wal_senders', wanted: '25', running: '4' },
    { name: 'wal_log_hints', wanted: 'on', running: 'off' },
  ]);
  expect(await settings(node)).toMatchObject({
    wal_level: 'logical',
    max_replication_slots: '40',
    wal_keep_size: '3GB',
    checkpoint_timeout: '5min',
    wal_retrieve_retry_interval: '50ms',
  });
  expect(await node.replication.listensBeyondLoopback()).toBe(false);
  expect(await node.replication.limits()).toEqual({
    max_connections: 100,
    max_worker_processes: 8,
    max_wal_senders: 4,
    max_prepared_transactions: 0,
    max_locks_per_transaction: 64,
  });
  await node.connections.close();
});

test('a setting on the command line is refused by name, since no file overrides it', async () => {
  await using server = await startPostgres({ start: false });
  const start = ['start', '-w', '-D', server.dataDirectory, '-l', server.logPath];
  await server.runProgram('pg_ctl', [...start, '-o', '-c max_wal_senders=3 -c listen_addresses=*']);
  const node = nodeOf(server);
  await expect(node.replication.applyMainSettings({ walTimeoutMs: 10_000 })).rejects.toThrow(
    /max_wal_senders on its command line/,
  );
  expect(await node.replication.pendingRestart()).toEqual([]);
  expect(await node.replication.listensBeyondLoopback()).toBe(true);
  await node.connections.close();
});

test('a broken postgresql.conf is told and not waited for in silence', async () => {
  await using server = await startPostgres();
  const node = nodeOf(server);
  await appendFile(join(server.dataDirectory, 'postgresql.conf'), 'this is = no syntax\n');
  await expect(node.replication.applyMainSettings({ walTimeoutMs: 10_000 })).rejects.toThrow(
    /did not take.*postgresql.conf line/,
  );
  await node.connections.close();
});

test('df is read from the right, whatever stands in its names', () => {
  const head = 'Filesystem     1024-blocks      Used Available Capacity Mounted on\n';
  expect(parseDf(`${head}/dev/my disk 1 2 1000 250 750 25% /var/lib/a b\n`)).toEqual({
    usedPercent: 25,
    freeBytes: 768_000,
  });
  expect(parseDf(`${head}overlay 1000 1000 0 100% /\n`)).toEqual({ usedPercent: 100, freeBytes: 0 });
  expect(parseDf('df: cannot read')).toBeNull();
});
