import pg from 'pg';
import { expect, test } from 'vitest';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { migrate } from './migrations.ts';
import { nodeOf, startPair } from './testing/standby.ts';
import { startPostgres } from '@proxpanel/testbed/postgres-server';

test('SAFETY §4 Durability sync: names are set and cleared, and who has caught up is told beyond a given position', async () => {
  await using pair = await startPair();
  const { server, replication } = pair.main;
  expect(await replication.synchronousState()).toMatchObject({ nodeIds: [], caughtUpNodeIds: [], waitingBackends: 0 });
  await replication.setSynchronousNodes([3, 2]);
  await replication.setSynchronousNodes([2, 3]);
  expect(await server.query("SELECT current_setting('synchronous_standby_names') AS value")).toEqual([
    { value: 'ANY 1 (node_2, node_3)' },
  ]);
  await server.query('CREATE TABLE kept AS SELECT 1 AS id');
  const { currentLsn } = await replication.positions();
  const state = await waitFor(() => replication.synchronousState(currentLsn), {
    describe: 'the secondary to be caught up',
    until: ({ caughtUpNodeIds }) => caughtUpNodeIds.length > 0,
  });
  expect(state).toMatchObject({ nodeIds: [2, 3], caughtUpNodeIds: [2], waitingBackends: 0 });
  expect(await replication.synchronousState((currentLsn ?? 0n) + 1_000_000_000n)).toMatchObject({
    nodeIds: [2, 3],
    caughtUpNodeIds: [],
  });

  await pair.secondary.server.stop();
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  const commit = client.query('INSERT INTO kept VALUES (2)');
  await waitFor(() => replication.synchronousState(), {
    describe: 'the commit to wait',
    until: ({ waitingBackends }) => waitingBackends === 1,
  });
  expect((await replication.synchronousState()).caughtUpNodeIds).toEqual([]);
  // Cleared, whoever waited goes on.
  await replication.setSynchronousNodes([]);
  await commit;
  await client.end();
  expect(await replication.synchronousState()).toMatchObject({ nodeIds: [], waitingBackends: 0 });
});

test('SAFETY §2 rows since an instant are counted for each panel table, also in recovery', async () => {
  await using server = await startPostgres();
  const { replication, connections } = nodeOf(server);
  await migrate(connections, connections.log);
  await server.query(`
    INSERT INTO subscribers (username, created_at) VALUES ('old', '2020-01-01'), ('a', '2024-01-02'), ('b', '2024-01-03');
    CREATE TABLE "Odd ""name" (created_at timestamptz DEFAULT now());
    CREATE TABLE undated (id int)`);
  const expected = [
    { table: 'Odd "name', rows: 0 },
    { table: 'nas_devices', rows: 0 },
    { table: 'services', rows: 0 },
    { table: 'subscribers', rows: 2 },
    { table: 'users', rows: 0 },
  ];
  const since = new Date('2024-01-01T00:00:00Z');
  expect(await replication.countRowsSince(since)).toEqual(expected);
  await replication.fence(new AbortController().signal);
  expect(await replication.countRowsSince(since)).toEqual(expected);
  await connections.close();
});
