import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { startRedis, type RedisServer } from '@proxpanel/testbed/redis-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { recordingLog } from '../host/test-node-file.ts';
import { createRevocationCache } from './panel-revocations.ts';
import { connectToRedis } from './redis-connection.ts';

const NOW = Date.UTC(2026, 10, 1);
const KEY = 'proxpanel:revoked';
const [short, long, later] = [randomUUID(), randomUUID(), randomUUID()];

function open(redis: RedisServer, clock = { ms: NOW }) {
  const connection = connectToRedis(redis.url(), recordingLog(), { name: 'proxpanel-panel', timeoutMs: 1_000 });
  const cache = createRevocationCache(connection, () => clock.ms);
  return { cache, clock, [Symbol.dispose]: () => connection.close() };
}

test('revoked sessions are kept until their end and then trimmed', async () => {
  await using redis = await startRedis();
  using opened = open(redis);
  const { cache, clock } = opened;
  expect(await cache.list()).toEqual([]);
  await cache.add([]);
  await cache.add([
    { jti: short, endsAtMs: NOW + 1_000 },
    { jti: long, endsAtMs: NOW + 60_000 },
  ]);
  expect(await cache.list()).toEqual([
    { jti: short, endsAtMs: NOW + 1_000 },
    { jti: long, endsAtMs: NOW + 60_000 },
  ]);
  clock.ms = NOW + 1_000;
  expect(await cache.list()).toEqual([{ jti: long, endsAtMs: NOW + 60_000 }]);
  await cache.add([{ jti: later, endsAtMs: NOW + 90_000 }]);
  expect(await redis.command('ZCARD', KEY)).toBe(2);
});

test('added twice it ends at the later time', async () => {
  await using redis = await startRedis();
  using opened = open(redis);
  for (const endsAtMs of [NOW + 60_000, NOW + 90_000, NOW + 30_000]) await opened.cache.add([{ jti: long, endsAtMs }]);
  expect(await opened.cache.list()).toEqual([{ jti: long, endsAtMs: NOW + 90_000 }]);
});

test('five hundred at a time go in and come out', async () => {
  await using redis = await startRedis();
  using opened = open(redis);
  const many = Array.from({ length: 500 }, (_, index) => ({ jti: randomUUID(), endsAtMs: NOW + 1 + index }));
  await opened.cache.add(many);
  expect(await opened.cache.list()).toEqual(many);
});

test('what somebody else has put there is left out', async () => {
  await using redis = await startRedis();
  using opened = open(redis);
  await redis.command('ZADD', KEY, String(NOW + 60_000), 'no session', '+inf', short, String(NOW + 60_000), long);
  expect(await opened.cache.list()).toEqual([{ jti: long, endsAtMs: NOW + 60_000 }]);
});

test('a replica is read, and refuses to be written', async () => {
  await using workspace = await openWorkspace();
  const main = await startRedis({ workspace, name: 'main' });
  const replica = await startRedis({ workspace, name: 'replica' });
  using onMain = open(main);
  using onReplica = open(replica);
  const { password } = new URL(main.url());
  if (password !== '') await replica.command('CONFIG', 'SET', 'masterauth', decodeURIComponent(password));
  await replica.command('REPLICAOF', main.host, String(main.port));
  await onMain.cache.add([{ jti: long, endsAtMs: NOW + 60_000 }]);
  await waitFor(() => onReplica.cache.list(), { describe: 'replication', until: (found) => found.length === 1 });
  await expect(onReplica.cache.add([{ jti: short, endsAtMs: NOW + 60_000 }])).rejects.toMatchObject({
    code: 'NOT_AVAILABLE',
    message: expect.stringContaining('READONLY'),
  });
});

test('a Redis that is away, or holds something else under the name, is a fault and no empty list', async () => {
  await using redis = await startRedis();
  using opened = open(redis);
  await redis.command('SET', KEY, 'something else');
  await expect(opened.cache.list()).rejects.toMatchObject({ code: 'NOT_AVAILABLE' });
  await redis.stop();
  await expect(opened.cache.list()).rejects.toMatchObject({ code: 'REDIS_DOWN' });
});
