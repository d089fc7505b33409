import { expect, test } from 'vitest';
import { startRedis } from '@proxpanel/testbed/redis-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import { recordingLog } from '../host/test-node-file.ts';
import { createCountCache } from './count-cache.ts';
import { connectToRedis } from './redis-connection.ts';

const counts = (total: number) => ({
  counted_at: '2026-11-01T00:00:00.000Z',
  subscribers: { total, online: 1, active: 1, expired: 0, expiring_in_7_days: 0 },
  sessions: { open: 1, started_today: 1 },
});
const KEPT_MS = 30_000;
/** What a call may take, and some room for a busy machine. */
const SOON_MS = 2_000;

function openCache(url: string) {
  const connection = connectToRedis(url, recordingLog());
  return Object.assign(createCountCache(connection), {
    [Symbol.dispose]: () => {
      connection.close();
    },
  });
}

test('each owner has counts of his own, and they end when they are old', async () => {
  await using redis = await startRedis();
  using cache = openCache(redis.url());
  expect(await cache.read(null)).toBeNull();
  await cache.write(null, counts(10), KEPT_MS);
  await cache.write('rob', counts(3), KEPT_MS);
  expect(await cache.read(null)).toEqual(counts(10));
  expect(await cache.read('rob')).toEqual(counts(3));
  expect(await cache.read('sue')).toBeNull();
  const left = Number(await redis.command('PTTL', 'panel:dashboard:all'));
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(KEPT_MS);
  await cache.write('rob', counts(4), 1);
  await waitFor(() => cache.read('rob'), { describe: 'the counts to end', until: (found) => found === null });
});

test('what another version wrote in another form is none', async () => {
  await using redis = await startRedis();
  using cache = openCache(redis.url());
  for (const text of ['', 'not JSON', 'null', '[]', '{"subscribers":{"total":"many"}}']) {
    await redis.command('SET', 'panel:dashboard:all', text);
    expect([text, await cache.read(null)]).toEqual([text, null]);
  }
});

test("a replica serves main's counts, and what it may not write is no fault", async () => {
  await using workspace = await openWorkspace();
  await using main = await startRedis({ workspace, name: 'main' });
  await using replica = await startRedis({ workspace, name: 'replica' });
  const url = new URL(main.url());
  if (url.password !== '') await replica.command('CONFIG', 'SET', 'masterauth', decodeURIComponent(url.password));
  await replica.command('REPLICAOF', main.host, String(main.port));
  using onMain = openCache(main.url());
  using onReplica = openCache(replica.url());
  await waitFor(() => replica.command('SET', 'x', '1').catch(String), {
    describe: 'the replica to refuse writes',
    until: (answer) => String(answer).includes('READONLY'),
  });
  await onReplica.write('rob', counts(1), KEPT_MS);
  await onMain.write(null, counts(5), KEPT_MS);
  const read = await waitFor(() => onReplica.read(null), {
    describe: "main's counts",
    until: (found) => found !== null,
  });
  expect(read).toEqual(counts(5));
  expect(await onReplica.read('rob')).toBeNull();
});

test('a Redis that is gone or hangs keeps nobody waiting, and serves again when it is back', async () => {
  await using redis = await startRedis();
  using cache = openCache(redis.url());
  await cache.write(null, counts(10), KEPT_MS);
  const inTime = async (): Promise<unknown> => {
    const started = performance.now();
    const found = await cache.read(null);
    await cache.write(null, counts(11), KEPT_MS);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    return found;
  };
  await redis.command('CLIENT', 'PAUSE', 3_000, 'ALL');
  expect(await inTime()).toBeNull();
  await waitFor(() => cache.read(null), { describe: 'Redis to answer again', until: (found) => found !== null });
  await redis.stop();
  expect(await inTime()).toBeNull();
});
