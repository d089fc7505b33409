import { startEtcd, type EtcdServer } from '@proxpanel/testbed/etcd-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { expect, test } from 'vitest';
import type { Arbiter, ArbiterOptions } from './arbiter.ts';
import { arbiterOn, clusterId, quietLog, shortTtlMs, take } from './test-arbiter.ts';

/** A watch that never falls silent by itself within a test. */
const neverIdleMs = 600_000;

interface Watched {
  readonly arbiter: Arbiter;
  changes(): number;
  /** The next change after those that had been heard. */
  next(heard: number, describe: string): Promise<unknown>;
  end(): Promise<void>;
}

async function watchOn(etcd: EtcdServer, options: Partial<ArbiterOptions> = {}): Promise<Watched> {
  const arbiter = await arbiterOn(etcd, { watchIdleMs: neverIdleMs, ...options });
  const stop = new AbortController();
  let changes = 0;
  const count = () => {
    changes += 1;
  };
  const watching = arbiter.watchMain(clusterId, count, stop.signal);
  const next = (heard: number, describe: string) => waitFor(() => changes > heard, { describe, deadlineMs: 60_000 });
  return {
    arbiter,
    changes: () => changes,
    next,
    async end() {
      stop.abort();
      await watching;
      await arbiter.close();
    },
  };
}

test('it tells when it stands, when the lease is taken and when it expires, and nothing of other keys', async () => {
  await using etcd = await startEtcd();
  const watched = await watchOn(etcd);
  await watched.next(0, 'the watch to stand');
  expect(watched.changes()).toBe(1);
  const { leaseId } = await take(watched.arbiter, 1, { ttlMs: shortTtlMs });
  await watched.next(1, 'the taking');
  await watched.arbiter.writeMembers(clusterId, leaseId, [1, 2, 3]);
  await watched.next(2, 'the expiry');
  expect((await watched.arbiter.read(clusterId)).main).toBeNull();
  expect(watched.changes()).toBe(3);
  await watched.end();
});

test('it stands again after a restart of etcd that has forgotten its token, and the log says so once', async () => {
  await using etcd = await startEtcd({ authentication: true });
  const said: string[] = [];
  const log = {
    ...quietLog,
    info: (_fields: object, sentence: string) => said.push(sentence),
    warn: (_fields: object, sentence: string) => said.push(sentence),
  };
  const watched = await watchOn(etcd, { log });
  await watched.next(0, 'the watch to stand');
  await etcd.stop();
  await waitFor(() => said.length, { describe: 'the warning' });
  const heard = watched.changes();
  await etcd.start();
  await watched.next(heard, 'the watch to stand again');
  const again = watched.changes();
  await take(watched.arbiter, 1);
  await watched.next(again, 'a change after the restart');
  expect(said).toEqual(['the arbiter cannot be watched', 'the watch of the arbiter stands again']);
  await watched.end();
});

test('a connection that has died silently is noticed by its silence', async () => {
  await using etcd = await startEtcd();
  const said: string[] = [];
  const log = { ...quietLog, warn: (_fields: object, sentence: string) => said.push(sentence) };
  const watched = await watchOn(etcd, { watchIdleMs: 1_000, timeoutMs: 1_000, log });
  await watched.next(0, 'the watch to stand');
  await etcd.pause();
  await waitFor(() => said.length, { describe: 'the silence to be noticed', deadlineMs: 60_000 });
  const heard = watched.changes();
  etcd.resume();
  await watched.next(heard, 'the watch to stand again');
  await watched.end();
});
