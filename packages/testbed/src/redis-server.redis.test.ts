import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { listProcesses, commandLineOf } from './processes.ts';
import { startRedis } from './redis-server.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';

test('it asks for its password, which no argument shows', async () => {
  await using redis = await startRedis();
  const stranger = connect(redis.port, redis.host);
  stranger.setTimeout(20_000, () => stranger.destroy(new Error('no answer')));
  stranger.write('PING\r\n');
  const [answer] = (await once(stranger, 'data')) as [Buffer];
  stranger.destroy();
  expect(answer.toString()).toMatch(/^-NOAUTH/);
  const known = new Redis(redis.url(), { lazyConnect: true, retryStrategy: () => null });
  await known.connect();
  expect(await known.ping()).toBe('PONG');
  known.disconnect();
  const showing = listProcesses().filter(({ pid }) => commandLineOf(pid)?.includes(redis.password));
  expect(showing).toEqual([]);
});

test('CONFIG REWRITE lasts over a restart', async () => {
  await using redis = await startRedis();
  await redis.command('CONFIG', 'SET', 'masterauth', 'of-the-main');
  await redis.command('CONFIG', 'REWRITE');
  expect(readFileSync(redis.configPath, 'utf8')).toContain('masterauth');
  await redis.stop();
  expect(redis.isRunning()).toBe(false);
  await redis.start();
  expect(await redis.command('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', 'of-the-main']);
});

test('data outlives a SIGKILL with appendOnly, and only then', async () => {
  for (const appendOnly of [true, false]) {
    await using redis = await startRedis({ appendOnly, settings: { appendfsync: 'always' } });
    await redis.command('SET', 'session', 'kept');
    await redis.kill();
    await expect(redis.command('PING')).rejects.toThrow();
    await redis.start();
    expect(await redis.command('GET', 'session')).toBe(appendOnly ? 'kept' : null);
  }
});

test('one follows the other without the five seconds of the default', async () => {
  await using workspace = await openWorkspace();
  const main = await startRedis({ workspace, name: 'main' });
  const secondary = await startRedis({ workspace, name: 'secondary' });
  await main.command('SET', 'session', 'of main');
  await secondary.command('CONFIG', 'SET', 'masterauth', main.password);
  await secondary.command('REPLICAOF', main.host, main.port);
  await waitFor(() => secondary.command('GET', 'session'), {
    describe: "main's key on the secondary",
    until: (value) => value === 'of main',
  });
});
