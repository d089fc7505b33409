import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { pauseProcess } from '@proxpanel/testbed/pause-process';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import type { DatabaseView } from '../cluster/ports.ts';
import { createClusterRows } from './cluster-rows.ts';
import { createDatabaseWatch } from './database-watch.ts';
import type { DatabaseWatch } from './database-watch.ts';
import { prepareDatabase } from './panel-role.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createReplication } from './replication.ts';
import { clock, connect, memoryNodeFile, recordingLog } from './testing/test-database.ts';
import type { TestConnections } from './testing/test-database.ts';
import { startPair } from './testing/standby.ts';

function watchOf(connections: TestConnections): DatabaseWatch & AsyncDisposable {
  const watch = createDatabaseWatch({ connections, clock, log: recordingLog(), intervalMs: 200 });
  return Object.assign(watch, { [Symbol.asyncDispose]: () => watch.close() });
}

/** Every state that was pushed, in order. */
function recordStates(watch: DatabaseWatch): DatabaseView[] {
  const views: DatabaseView[] = [];
  watch.onChange((view) => views.push(view));
  return views;
}

const until = (watch: DatabaseWatch, state: DatabaseView['state']): Promise<DatabaseView> =>
  waitFor(() => watch.view(), {
    describe: `the watch to see ${state}`,
    until: (view) => view.state === state,
    deadlineMs: 60_000,
  });

test('a view says what the server is, and looking again pushes nothing', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  await using watch = watchOf(connections);
  const views = recordStates(watch);
  const view = await watch.look();
  expect(view).toMatchObject({
    state: 'writable',
    timeline: 1,
    dataDirectory: server.dataDirectory,
    isSuperuser: true,
  });
  expect(view.versionText).toMatch(/^15\./);
  expect(Math.floor(Number(view.versionNum) / 10_000)).toBe(15);
  const [control] = await server.query('SELECT system_identifier::text AS id FROM pg_control_system()');
  expect(control).toEqual({ id: view.systemIdentifier });
  await Promise.all(Array.from({ length: 20 }, () => watch.look()));
  expect(views).toHaveLength(1);
  // Twenty callers at once share looks, and one connection.
  const [row] = await server.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'proxpanel-cluster'",
  );
  expect(row).toEqual({ count: 1 });
});

test('stopped and started again while the watch runs: down, then writable, each pushed, and nothing ends the process', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  await using watch = watchOf(connections);
  const views = recordStates(watch);
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  await until(watch, 'writable');
  await connections.cluster.query('SELECT 1');
  await server.stop();
  await until(watch, 'down');
  await expect(connections.cluster.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
  expect(watch.view()).toMatchObject({
    versionNum: null,
    sentence: expect.stringMatching(/not running|closed|shutting|ended/),
  });
  await server.start();
  await until(watch, 'writable');
  await connections.cluster.query('SELECT 1');
  await server.kill();
  await until(watch, 'down');
  await server.start();
  await until(watch, 'writable');
  stop.abort();
  await running;
  expect(views.map((view) => view.state).filter((state) => state === 'writable')).toHaveLength(3);
});

test('without being asked it hears of a lost connection, and of a 25006 in any pool', async () => {
  await using pair = await startPair();
  await using watch = watchOf(pair.secondary.connections);
  expect(await watch.look()).toMatchObject({ state: 'recovery', timeline: 1 });
  const views = recordStates(watch);
  // Promoted by other hands: nothing lost, nothing pushed, until a write that was to fail does not.
  await pair.secondary.server.query('SELECT pg_promote()');
  await watch.look();
  expect(views.at(-1)).toMatchObject({ state: 'writable', timeline: 2 });
  await pair.secondary.replication.fence(new AbortController().signal);
  await waitFor(() => watch.view().state !== 'writable', { describe: 'the watch to hear of the fence' });
  // Nothing is pushed when a start ends: where it was heard of in the middle of it, the watch's own loop looks again.
  expect(await watch.look()).toMatchObject({ state: 'recovery' });
  const rows = createClusterRows(pair.secondary.connections.cluster);
  const lookedAt = watch.view().lookedAtMs;
  await expect(rows.appendEvents([])).resolves.toBeUndefined();
  await expect(pair.secondary.connections.cluster.query('CREATE TABLE no ()')).rejects.toMatchObject({
    code: 'READ_ONLY',
  });
  await waitFor(() => watch.view().lookedAtMs > lookedAt, { describe: 'a look after the 25006' });
  await pair.secondary.server.stop();
  await until(watch, 'down');
});

test('a server that answers nothing is down within the limit, and up again when it answers', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  await using watch = watchOf(connections);
  await watch.look();
  const idle = connect(server);
  const [idleBackend] = await idle.cluster.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const postmaster = Number(readFileSync(join(server.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const [backend] = await server.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'proxpanel-cluster' AND pid <> $1",
    [idleBackend?.pid],
  );
  const pids = [postmaster, backend?.pid, idleBackend?.pid].filter((pid) => pid !== undefined);
  try {
    await Promise.all(pids.map(pauseProcess));
    const started = performance.now();
    expect(await watch.look()).toMatchObject({ state: 'down', sentence: 'PostgreSQL did not answer in time.' });
    expect(performance.now() - started).toBeLessThan(10_000);
    // Nor does it keep us from ending.
    await idle.close();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  await waitFor(async () => (await watch.look()).state === 'writable', { describe: 'the server to answer' });
});

test('each way of being down has its own sentence', async () => {
  await using server = await startPostgres();
  const look = async (databaseUrl: string): Promise<DatabaseView> => {
    await using connections = connect(server, { databaseUrl });
    await using watch = watchOf(connections);
    return await watch.look();
  };
  const down = (sentence: RegExp) => ({ state: 'down', sentence: expect.stringMatching(sentence) });
  expect(await look(server.url().replace(/:[^:@]*@/, ':wrong@'))).toMatchObject(down(/refused the login.*password/));
  expect(await look(server.url('nowhere'))).toMatchObject(down(/database "nowhere" does not exist/));
  expect(await look('postgresql://postgres@no.such.host.invalid/x')).toMatchObject(down(/does not resolve/));
  await server.query("CREATE ROLE plain LOGIN PASSWORD 'plain'");
  const plain = server.url().replace(/\/\/[^@]*@/, '//plain:plain@');
  expect(await look(plain)).toMatchObject({ state: 'writable', isSuperuser: false, systemIdentifier: null });
  await server.stop();
  expect(await look(server.url())).toMatchObject(down(/not running/));
});

test('a standby that cannot take connections yet is starting, not down', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  await using watch = watchOf(connections);
  await server.query("ALTER SYSTEM SET hot_standby = 'off'");
  await server.stop();
  await writeFile(join(server.dataDirectory, 'standby.signal'), '');
  await server.runProgram('pg_ctl', ['start', '-W', '-D', server.dataDirectory, '-l', server.logPath]);
  const view = await waitFor(() => watch.look(), {
    describe: 'the server to have opened its port',
    until: (seen) => seen.state === 'starting',
  });
  expect(view.sentence).toMatch(/is starting/);
  await server.stop('immediate');
});

async function changePassword(server: PostgresServer, role: string, password: string): Promise<void> {
  await server.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(password)}`);
}

test("when the roles have become main's, the logins of node.json are used, and followed when they change", async () => {
  await using server = await startPostgres();
  const nodeFile = memoryNodeFile();
  await using connections = connect(server, { nodeFile });
  await using watch = watchOf(connections);
  await prepareDatabase({ connections, nodeFile, log: recordingLog(), radius: null });
  const subscribers = createSubscriberStore(connections.panel);
  await subscribers.insert({ username: 'kept' }, 'ann');
  const replication = createReplication(connections.cluster, clock);
  await replication.ensureClusterRole({ user: 'proxpanel_cluster', password: 'from-main' });

  // What a clone does: other passwords for all, and no connection of before survives.
  await changePassword(server, 'postgres', 'mains-own');
  await changePassword(server, 'proxpanel_panel', 'mains-panel');
  await server.stop();
  await server.start();
  expect(await watch.look()).toMatchObject({ state: 'down', sentence: expect.stringMatching(/refused the login/) });
  await expect(subscribers.count()).rejects.toMatchObject({ code: 'DATABASE_DOWN' });

  await nodeFile.update((file) => ({
    ...file,
    cluster_database: { user: 'proxpanel_cluster', password: 'from-main' },
    panel_database: { user: 'proxpanel_panel', password: 'mains-panel' },
  }));
  expect(await watch.look()).toMatchObject({ state: 'writable', isSuperuser: true });
  expect(await subscribers.count()).toBe(1);
  expect(await connections.cluster.query('SELECT current_user::text AS name')).toEqual([{ name: 'proxpanel_cluster' }]);

  // Rotated: the connections of the old password are not used any more.
  await changePassword(server, 'proxpanel_panel', 'rotated');
  await nodeFile.update((file) => ({ ...file, panel_database: { user: 'proxpanel_panel', password: 'rotated' } }));
  expect(await subscribers.count()).toBe(1);
  // And back to the URL's own login, when that is let in again.
  await changePassword(server, 'postgres', server.superuser.password);
  await server.query('ALTER ROLE proxpanel_cluster NOLOGIN');
  await server.stop();
  await server.start();
  expect(await connections.cluster.query('SELECT current_user::text AS name')).toEqual([{ name: 'postgres' }]);
});

test('PANEL_DATABASE_URL is used when it is let in, with rights on the panel alone; else the made role serves', async () => {
  await using server = await startPostgres();
  await server.query("CREATE ROLE isp LOGIN PASSWORD 'isp'");
  const panelDatabaseUrl = server.url().replace(/\/\/[^@]*@/, '//isp:isp@');
  await using connections = connect(server, { panelDatabaseUrl });
  const log = recordingLog();
  await prepareDatabase({ connections, nodeFile: connections.nodeFile, log, radius: null });
  const subscribers = createSubscriberStore(connections.panel);
  await subscribers.insert({ username: 'one' }, 'ann');
  const who = () => connections.panel.query('SELECT current_user::text AS name');
  expect(await who()).toEqual([{ name: 'isp' }]);
  await expect(connections.panel.query('SELECT 1 FROM cluster_config')).rejects.toThrow(/permission denied/);
  await server.query('DROP OWNED BY isp; DROP ROLE isp');
  await server.stop();
  await server.start();
  expect(await who()).toEqual([{ name: 'proxpanel_panel' }]);
  expect(await subscribers.count()).toBe(1);
});

test('in recovery nothing is migrated and no role is made', async () => {
  await using pair = await startPair();
  const { connections } = pair.secondary;
  const options = { connections, nodeFile: connections.nodeFile, log: recordingLog(), radius: null };
  expect(await prepareDatabase(options)).toBe('in_recovery');
  expect(connections.nodeFile.get().panel_database).toBeNull();
  expect(await pair.secondary.server.query("SELECT to_regclass('cluster_config') AS name")).toEqual([{ name: null }]);
  await expect(connections.panel.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
});
