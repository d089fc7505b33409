import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startRedis, type RedisServer } from '@proxpanel/testbed/redis-server';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { login, openAdapter, secondary, settled } from './test-adapter.ts';

const point = (at: number, cpu: number) => ({
  at: new Date(at).toISOString(),
  cpu_percent: cpu,
  memory_percent: null,
  disk_percent: null,
  replication_lag_bytes: null,
  replication_lag_seconds: null,
});

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
