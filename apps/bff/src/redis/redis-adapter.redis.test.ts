import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startRedis, type RedisServer } from '@proxpanel/testbed/redis-server';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { membershipOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { Membership } from '../cluster/node-file.ts';
import { createRedisAdapter } from './redis-adapter.ts';

const login = { user: 'proxpanel_replica', password: 'of-the-replicas' };
const point = (at: number, cpu: number) => ({
  at: new Date(at).toISOString(),
  cpu_percent: cpu,
  memory_percent: null,
  disk_percent: null,
  replication_lag_bytes: null,
  replication_lag_seconds: null,
});

/** A Redis as the cluster sees it, with a node.json of its own. */
async function openAdapter(redis: RedisServer, changes: Partial<Membership> | null) {
  const membership = changes === null ? null : membershipOf({ redis_replication: login, ...changes });
  const nodeFile = await temporaryNodeFile(membership);
  const log = recordingLog();
  const adapter = createRedisAdapter({ url: redis.url(), nodeFile: nodeFile.file, log });
  return {
    adapter,
    nodeFile,
    log,
    source: { host: redis.host, port: redis.port, login },
    async [Symbol.asyncDispose]() {
      adapter.close();
      await nodeFile[Symbol.asyncDispose]();
    },
  };
}

const secondary = { role: 'secondary', node_id: 2 } as const;

function settled(redis: RedisServer, key: string, value: string) {
  return waitFor(() => redis.command('GET', key), {
    describe: `${key} on ${redis.name}`,
    until: (got) => got === value,
  });
}

/** How often Redis was told to follow, to change a setting and to write its file. */
const changesOf = async (redis: RedisServer) =>
  String(await redis.command('INFO', 'commandstats')).match(/^cmdstat_(replicaof|config\|(set|rewrite)):calls=\d+/gm);

test('a secondary follows main with a login that can only copy, and stops when told', async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await mainRedis.command('SET', 'session', 'of main');
  await main.adapter.ensureReplicationUser(login);
  expect((await main.adapter.look()).state).toBe('main');

  await other.adapter.follow(main.source);
  await settled(otherRedis, 'session', 'of main');
  const view = await waitFor(() => other.adapter.look(), {
    describe: 'the link',
    until: ({ linkUp }) => linkUp === true,
  });
  expect(view).toMatchObject({ state: 'replica', follows: `${mainRedis.host}:${mainRedis.port}`, alert: null });
  expect(other.nodeFile.file.get().membership?.redis_dataset_id).toBe(
    main.nodeFile.file.get().membership?.redis_dataset_id,
  );
  // Kept over a restart, as the file says.
  expect(readFileSync(otherRedis.configPath, 'utf8')).toMatch(/^replicaof /m);

  const changes = await changesOf(otherRedis);
  expect(changes).toHaveLength(3);
  await other.adapter.follow(main.source);
  expect(await changesOf(otherRedis)).toEqual(changes);

  await other.adapter.stopFollowing();
  await other.adapter.stopFollowing();
  expect(other.adapter.view()).toMatchObject({ state: 'main', follows: null });
  expect(await otherRedis.command('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', '']);
  expect(readFileSync(otherRedis.configPath, 'utf8')).not.toMatch(/^replicaof |of-the-replicas/m);
  expect(await otherRedis.command('GET', 'session')).toBe('of main');
});

test('the replication user copies and reads one name; its password is nowhere in clear', async () => {
  await using redis = await startRedis();
  await using main = await openAdapter(redis, {});
  await main.adapter.ensureReplicationUser(login);
  const list = (await redis.command('ACL', 'LIST')) as string[];
  const line = list.find((entry) => entry.startsWith(`user ${login.user} `)) ?? '';
  expect(line).toContain(`#${createHash('sha256').update(login.password).digest('hex')}`);
  expect(line).not.toContain(login.password);
  for (const [command, allowed] of [
    [['GET', 'session'], false],
    [['SET', 'cluster:dataset', 'x'], false],
    [['CONFIG', 'GET', '*'], false],
    [['KEYS', '*'], false],
    [['GET', 'cluster:dataset'], true],
    [['PSYNC', '?', '-1'], true],
  ] as const) {
    const said = await redis.command('ACL', 'DRYRUN', login.user, ...command);
    expect(`${command.join(' ')}: ${said === 'OK'}`).toBe(`${command.join(' ')}: ${allowed}`);
  }
});

test('a rotation changes the password of both sides and leaves the link up', async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await main.adapter.ensureReplicationUser(login);
  await other.adapter.follow(main.source);
  await waitFor(() => other.adapter.look(), { describe: 'the link', until: ({ linkUp }) => linkUp === true });
  const rotated = { ...login, password: 'the-new-one' };
  await main.adapter.ensureReplicationUser(rotated);
  await other.adapter.follow({ ...main.source, login: rotated });
  // A broken connection has to come back by the new password.
  await mainRedis.command('CLIENT', 'KILL', 'TYPE', 'replica');
  await mainRedis.command('SET', 'after', 'rotation');
  await settled(otherRedis, 'after', 'rotation');
});

test("a main's Redis that restarted empty is never followed (SAFETY §2)", async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await mainRedis.command('SET', 'session', 'precious');
  await main.adapter.ensureReplicationUser(login);
  // Writes redis.conf while the replicas' user is there: it must not come back with the leave to copy.
  await main.adapter.openToReplicas();
  await other.adapter.follow(main.source);
  await settled(otherRedis, 'session', 'precious');
  await waitFor(() => other.adapter.look(), { describe: 'the link', until: ({ linkUp }) => linkUp === true });

  await mainRedis.kill();
  await mainRedis.start();
  // A session written by now must not make it look like the old data.
  await mainRedis.command('SET', 'session', 'of the emptied');
  const view = await waitFor(() => main.adapter.look(), {
    describe: 'main again',
    until: ({ state }) => state === 'main',
  });
  expect(view.alert).toContain('has lost its data');
  await expect(main.adapter.ensureReplicationUser(login)).rejects.toMatchObject({ code: 'BLOCKED' });
  // The replica has tried again since, and was refused.
  await waitFor(() => otherRedis.readLog(), {
    describe: 'a refused attempt to copy',
    until: (log) => /NOPERM|WRONGPASS/.test(log),
  });
  expect(await otherRedis.command('GET', 'session')).toBe('precious');
  await other.adapter.stopFollowing();
  await expect(other.adapter.follow(main.source)).rejects.toMatchObject({
    code: 'BLOCKED',
    message: expect.stringContaining('has lost the data that this server holds'),
  });
  expect(await otherRedis.command('GET', 'session')).toBe('precious');

  // The admin's way out, as the alert says it.
  const [, key = '', id = ''] = /redis-cli SET (\S+) (\S+)$/.exec(view.alert ?? '') ?? [];
  await mainRedis.command('SET', key, id);
  expect((await main.adapter.look()).alert).toBeNull();
  await other.adapter.follow(main.source);
  await settled(otherRedis, 'session', 'of the emptied');
});

test("a main's Redis that restarted with its data is followed again by itself", async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({
    workspace,
    name: 'main',
    appendOnly: true,
    settings: { appendfsync: 'always' },
  });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await main.adapter.ensureReplicationUser(login);
  await other.adapter.follow(main.source);
  await mainRedis.kill();
  await mainRedis.start();
  const view = await waitFor(() => main.adapter.look(), {
    describe: 'main again',
    until: ({ state }) => state === 'main',
  });
  expect(view.alert).toBeNull();
  await mainRedis.command('SET', 'session', 'after the restart');
  await settled(otherRedis, 'session', 'after the restart');
});

test('a flush without a restart is no lost set of data', async () => {
  await using redis = await startRedis();
  await using main = await openAdapter(redis, {});
  await main.adapter.ensureReplicationUser(login);
  const id = await redis.command('GET', 'cluster:dataset');
  await redis.command('FLUSHALL');
  expect((await main.adapter.look()).alert).toBeNull();
  expect(await redis.command('GET', 'cluster:dataset')).toBe(id);

  // Nor where the panel is started again before it has looked.
  await redis.command('FLUSHALL');
  const again = createRedisAdapter({ url: redis.url(), nodeFile: main.nodeFile.file, log: main.log });
  expect((await again.look()).alert).toBeNull();
  again.close();
  expect(await redis.command('GET', 'cluster:dataset')).toBe(id);
});

test('what a server saw of its data as main says nothing of those that it copied since', async () => {
  await using workspace = await openWorkspace();
  const redis = await startRedis({ workspace, name: 'first' });
  const otherRedis = await startRedis({ workspace, name: 'other' });
  await using first = await openAdapter(redis, {});
  await first.adapter.ensureReplicationUser(login);
  await otherRedis.command('CONFIG', 'SET', 'requirepass', '');
  await redis.command('REPLICAOF', otherRedis.host, String(otherRedis.port));
  await waitFor(() => first.adapter.look(), { describe: 'the copy', until: ({ linkUp }) => linkUp === true });
  await redis.command('REPLICAOF', 'NO', 'ONE');
  expect((await first.adapter.look()).alert).toContain('has lost its data');
});

test('nothing is changed when the source does not answer or refuses the login', async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using other = await openAdapter(otherRedis, secondary);
  const source = { host: mainRedis.host, port: mainRedis.port, login };
  await expect(other.adapter.follow(source)).rejects.toMatchObject({ code: 'MAIN_REFUSED' });
  await mainRedis.stop();
  const refused = await other.adapter.follow(source).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'MAIN_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') });
  expect((await other.adapter.look()).state).toBe('main');
  expect(await otherRedis.command('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', '']);
});

test('it starts without Redis, says so once, and finds it when it comes', async () => {
  await using redis = await startRedis({ start: false });
  await using main = await openAdapter(redis, {});
  const view = await main.adapter.look();
  expect(view).toMatchObject({ state: 'down', sentence: expect.stringContaining('ECONNREFUSED') });
  await expect(main.adapter.ensureReplicationUser(login)).rejects.toMatchObject({ code: 'REDIS_DOWN' });
  await main.adapter.pushMetric(1, point(0, 5));
  expect(await main.adapter.readMetrics(1)).toEqual([point(0, 5)]);
  await redis.start();
  await waitFor(() => main.adapter.look(), { describe: 'Redis', until: ({ state }) => state === 'main' });
  await redis.kill();
  await waitFor(() => main.adapter.look(), { describe: 'its loss', until: ({ state }) => state === 'down' });
  await redis.start();
  await waitFor(() => main.adapter.look(), { describe: 'its return', until: ({ state }) => state === 'main' });
  const warnings = main.log.lines.filter(({ level }) => level === 'warn');
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings.length).toBeLessThan(5);
});

test('a Redis that hangs costs a time-out, not for ever', async () => {
  await using redis = await startRedis();
  await using main = await openAdapter(redis, {});
  await main.adapter.look();
  await redis.command('CLIENT', 'PAUSE', '8000', 'ALL');
  expect(await main.adapter.look()).toMatchObject({ state: 'down', sentence: expect.stringContaining('INFO') });
  await waitFor(() => main.adapter.look(), { describe: 'its return', until: ({ state }) => state === 'main' });
}, 60_000);

test('figures are a capped list, replicated; a secondary adds its own from memory', async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary' });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await main.adapter.ensureReplicationUser(login);
  await main.adapter.look();
  for (let index = 0; index < 730; index += 1) await main.adapter.pushMetric(2, point(index * 1_000, index % 100));
  expect(await mainRedis.command('LLEN', 'cluster:metrics:2')).toBe(720);
  const points = await main.adapter.readMetrics(2);
  expect([points.length, points[0]?.at, points.at(-1)?.at]).toEqual([
    720,
    new Date(10_000).toISOString(),
    new Date(729_000).toISOString(),
  ]);
  await other.adapter.follow(main.source);
  await waitFor(() => otherRedis.command('LLEN', 'cluster:metrics:2'), {
    describe: 'the replicated list',
    until: (length) => length === 720,
  });
  await other.adapter.look();
  await other.adapter.pushMetric(2, point(730_000, 77));
  expect((await other.adapter.readMetrics(2)).at(-1)).toEqual(point(730_000, 77));
  expect(await otherRedis.command('LLEN', 'cluster:metrics:2')).toBe(720);
});

test('bind is opened where a password is set, and advice given where not', async () => {
  await using redis = await startRedis();
  await using main = await openAdapter(redis, null);
  expect(await main.adapter.listensBeyondLoopback()).toBe(false);
  expect(await main.adapter.openToReplicas()).toBeNull();
  expect(await main.adapter.listensBeyondLoopback()).toBe(true);
  // Being the default, it is written by leaving the old line out.
  expect(readFileSync(redis.configPath, 'utf8')).not.toMatch(/^bind 127/m);
  await redis.command('CONFIG', 'SET', 'bind', '127.0.0.1');
  await redis.command('ACL', 'SETUSER', 'default', 'nopass');
  expect(await main.adapter.openToReplicas()).toContain('requirepass');
  expect(await main.adapter.listensBeyondLoopback()).toBe(false);
});

test('no password reaches a log or a sentence, also when CONFIG is not to be had', async () => {
  await using workspace = await openWorkspace();
  const mainRedis = await startRedis({ workspace, name: 'main' });
  const otherRedis = await startRedis({ workspace, name: 'secondary', settings: { 'rename-command': 'CONFIG ""' } });
  await using main = await openAdapter(mainRedis, {});
  await using other = await openAdapter(otherRedis, secondary);
  await main.adapter.ensureReplicationUser(login);
  const fault = await other.adapter.follow(main.source).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: 'NOT_AVAILABLE' });
  expect(JSON.stringify([String(fault), (fault as Error).cause, other.log.lines])).not.toContain(login.password);
});
