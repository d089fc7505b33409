import { startEtcd } from '@proxpanel/testbed/etcd-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DurabilityRecord } from '../cluster/arbiter-ports.ts';
import type { Arbiter } from './arbiter.ts';
import { decidedOn, takeLeaseAsSeen } from './take-lease.ts';
import { look } from './lease-calls.ts';
import { arbiterOn, clusterId, leaseToolsOn, longTtlMs, requestOf, shortTtlMs, take } from './test-arbiter.ts';

const sync: DurabilityRecord = { state: 'sync', nodeIds: [2], since: '2026-01-01T00:00:00.000Z' };

let etcd: Awaited<ReturnType<typeof startEtcd>>;
let arbiter: Arbiter;
let tools: ReturnType<typeof leaseToolsOn>;

beforeAll(async () => {
  etcd = await startEtcd();
  arbiter = await arbiterOn(etcd);
  tools = leaseToolsOn(etcd);
});

afterAll(async () => {
  await arbiter.close();
  await tools.close();
  await etcd.dispose();
});

/** Each test begins with an arbiter that knows nothing of the cluster. */
beforeEach(async () => {
  const { main } = await arbiter.read(clusterId);
  if (main) await arbiter.releaseLease(main.leaseId);
  const keys = { key: base64(`/proxpanel/${clusterId}/`), range_end: base64(`/proxpanel/${clusterId}0`) };
  await etcd.client.call('/v3/kv/deleterange', keys);
});

test('the first to take the lease founds the cluster, with lease, node, term and members together', async () => {
  expect(await arbiter.read(clusterId)).toMatchObject({ main: null, term: null, memberNodeIds: [] });
  const held = await arbiter.takeLease(requestOf(1, await arbiter.read(clusterId), { ownTerm: 6 }));
  expect(held).toMatchObject({ taken: true, term: 7, ttlMs: longTtlMs });
  expect(await arbiter.read(clusterId)).toMatchObject({
    main: { nodeId: 1, term: 7, ttlMs: longTtlMs, grantedTtlMs: longTtlMs },
    term: 7,
    memberNodeIds: [1, 2],
    durability: { record: null, modRevision: 0 },
  });
});

test('a lease that is renewed stays, one that is not ends, and then another server takes it with the next term', async () => {
  const first = await take(arbiter, 1, { ttlMs: shortTtlMs });
  expect(await arbiter.renewLease(clusterId, first.leaseId)).toMatchObject({ renewed: true, ttlMs: shortTtlMs });
  expect(await arbiter.takeLease(requestOf(2, await arbiter.read(clusterId)))).toEqual({
    taken: false,
    sentence: `Server 1 holds the lease, with term ${String(first.term)}.`,
  });
  await waitFor(() => arbiter.read(clusterId), { describe: 'the expiry', until: ({ main }) => main === null });
  expect(await arbiter.renewLease(clusterId, first.leaseId)).toMatchObject({ renewed: false });
  expect(await take(arbiter, 2)).toMatchObject({ term: first.term + 1 });
});

test('startedMs is read before the request leaves', async () => {
  let readings = 0;
  const timed = await arbiterOn(etcd, { clock: { bootSeconds: () => (readings += 1) } });
  const result = await timed.takeLease(requestOf(1, await timed.read(clusterId)));
  const renewed = await timed.renewLease(clusterId, result.taken ? result.leaseId : '');
  await timed.close();
  expect([result, renewed]).toMatchObject([{ startedMs: 1_000 }, { startedMs: 2_000 }]);
});

test('of many who take it at once exactly one has it, and no lease of the others is left', async () => {
  const view = await arbiter.read(clusterId);
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, index) => takeLeaseAsSeen(tools, requestOf(1 + (index % 2), view), seenNow(view))),
  );
  expect(results.filter(({ taken }) => taken)).toHaveLength(1);
  const { main } = await arbiter.read(clusterId);
  expect(results.find((result) => result.taken)).toMatchObject({ leaseId: main?.leaseId, term: main?.term });
  const { leases } = await etcd.client.call('/v3/lease/leases', {});
  expect(leases).toEqual([{ ID: main?.leaseId }]);
  expect(tools.unsettled.size).toBe(0);
});

test('a removed member cannot take it, also when it looked before it was removed', async () => {
  const { leaseId } = await take(arbiter, 1);
  const seen = { ...(await look(tools.client, clusterId)), main: null, mainModRevision: 0 };
  expect(await arbiter.writeMembers(clusterId, leaseId, [1, 3])).toBe(true);
  await arbiter.releaseLease(leaseId);
  expect((await arbiter.read(clusterId)).memberNodeIds).toEqual([1, 3]);
  const sentence = 'This server (2) is not a member of the cluster for the arbiter: it has been removed.';
  expect(await arbiter.takeLease(requestOf(2, await arbiter.read(clusterId)))).toEqual({ taken: false, sentence });
  expect(await takeLeaseAsSeen(tools, requestOf(2, seen), seen)).toEqual({ taken: false, sentence });
  expect(await arbiter.takeLease(requestOf(3, await arbiter.read(clusterId)))).toMatchObject({ taken: true });
});

test('nobody founds a cluster without being one of its members', async () => {
  const request = requestOf(3, await arbiter.read(clusterId));
  expect(await arbiter.takeLease(request)).toMatchObject({ taken: false });
  expect(await arbiter.read(clusterId)).toMatchObject({ term: null, memberNodeIds: [] });
});

test('who decided on an older durability record is refused, also when it changed after the last look', async () => {
  const { leaseId } = await take(arbiter, 1);
  const seen = { ...(await look(tools.client, clusterId)), main: null, mainModRevision: 0 };
  const revision = await arbiter.writeDurability(clusterId, leaseId, sync, 0);
  await arbiter.releaseLease(leaseId);
  const now = await arbiter.read(clusterId);
  expect(now.durability).toEqual({ record: sync, modRevision: revision });
  const old = requestOf(2, now, { decidedOn: { ...decidedOn(now), durabilityRevision: 0 } });
  const sentence = 'What the arbiter records about durability has changed since this server looked.';
  expect(await arbiter.takeLease(old)).toEqual({ taken: false, sentence });
  expect(await takeLeaseAsSeen(tools, old, seen)).toEqual({ taken: false, sentence });
  expect(await arbiter.takeLease(requestOf(2, now))).toMatchObject({ taken: true });
});

test('an older term is refused, also when it rose after the last look', async () => {
  const before = await look(tools.client, clusterId);
  await arbiter.releaseLease((await take(arbiter, 1)).leaseId);
  const first = { ...(await look(tools.client, clusterId)) };
  await arbiter.releaseLease((await take(arbiter, 1)).leaseId);
  for (const seen of [before, first]) {
    const result = await takeLeaseAsSeen(tools, requestOf(2, seen), seen);
    expect(result).toMatchObject({ taken: false });
    expect(result).toHaveProperty('sentence', expect.stringMatching(/^The arbiter is at term 2, where/));
  }
});

test('another arbiter in the place of the one that was decided on gives nothing, whatever it says', async () => {
  const request = requestOf(1, { ...(await arbiter.read(clusterId)), arbiterId: '1' });
  expect(await arbiter.takeLease(request)).toEqual({
    taken: false,
    sentence: 'Another arbiter stands in the place of the one that was asked before.',
  });
  expect(await arbiter.read(clusterId)).toMatchObject({ main: null, term: null });
});

test('taking over from a holder needs that very holder', async () => {
  const first = await take(arbiter, 1, { ttlMs: 30_000 });
  const seen = await look(tools.client, clusterId);
  // Who found it absent, for whatever reason, is refused even with the right term.
  const absent = { ...seen, main: null, mainModRevision: 0 };
  expect(await takeLeaseAsSeen(tools, requestOf(2, seen), absent)).toMatchObject({ taken: false });
  const fromFirst = { takeOverFrom: { nodeId: 1, term: first.term } };
  expect(
    await arbiter.takeLease(requestOf(2, seen, { takeOverFrom: { nodeId: 1, term: first.term + 1 } })),
  ).toMatchObject({ taken: false });
  const second = await arbiter.takeLease(requestOf(2, seen, fromFirst));
  // The arbiter's length of a lease wins over the request's.
  expect(second).toMatchObject({ taken: true, term: first.term + 1, ttlMs: 30_000 });
  expect(await arbiter.renewLease(clusterId, first.leaseId)).toMatchObject({ renewed: false });
  expect(await takeLeaseAsSeen(tools, requestOf(1, seen, fromFirst), seen)).toMatchObject({ taken: false });
  expect((await arbiter.read(clusterId)).main).toMatchObject({ nodeId: 2, term: first.term + 1 });
  // The old lease going does not take the new holder's key along.
  await arbiter.releaseLease(first.leaseId);
  expect((await arbiter.read(clusterId)).main).toMatchObject({ nodeId: 2 });
});

test('the term never falls and is never given twice, across release, takeover and a lower own term', async () => {
  const terms: number[] = [];
  for (const [nodeId, ownTerm] of [
    [1, 4],
    [2, 0],
    [1, 2],
    [2, 9],
    [1, 9],
  ] as const) {
    const { leaseId, term } = await take(arbiter, nodeId, { ownTerm });
    terms.push(term);
    await arbiter.releaseLease(leaseId);
    await arbiter.releaseLease(leaseId);
  }
  expect(terms).toEqual([5, 6, 7, 10, 11]);
});

test('a lease of another length keeps node, term and the length that counts for the cluster', async () => {
  const { leaseId, term } = await take(arbiter, 1, { ttlMs: 10_000 });
  const longer = await arbiter.replaceLease(clusterId, leaseId, 120_000);
  expect(longer).toMatchObject({ taken: true, term, ttlMs: 120_000 });
  const { main } = await arbiter.read(clusterId);
  expect(main).toMatchObject({ nodeId: 1, term, ttlMs: 10_000, grantedTtlMs: 120_000 });
  expect(await arbiter.renewLease(clusterId, leaseId)).toMatchObject({ renewed: false });
  expect(await arbiter.renewLease(clusterId, main?.leaseId ?? '')).toMatchObject({ renewed: true, ttlMs: 120_000 });
  expect(await arbiter.replaceLease(clusterId, '77', 10_000)).toMatchObject({ taken: false });
  expect(await arbiter.replaceLease(clusterId, main?.leaseId ?? '', 10_000)).toMatchObject({ taken: true });
  expect((await arbiter.read(clusterId)).main).toMatchObject({ ttlMs: 10_000, grantedTtlMs: 10_000 });
});

test('only the holder writes members and durability, or has the cluster forgotten', async () => {
  const { leaseId } = await take(arbiter, 1);
  await arbiter.releaseLease(leaseId);
  expect(await arbiter.renewLease(clusterId, leaseId)).toMatchObject({ renewed: false });
  expect(await arbiter.writeMembers(clusterId, leaseId, [1])).toBe(false);
  expect(await arbiter.writeDurability(clusterId, leaseId, sync, 0)).toBeNull();
  await expect(arbiter.forgetCluster(clusterId, leaseId)).rejects.toMatchObject({ code: 'LEASE_HELD' });
  const next = await take(arbiter, 2);
  const revision = await arbiter.writeDurability(clusterId, next.leaseId, sync, 0);
  expect(await arbiter.writeDurability(clusterId, next.leaseId, { ...sync, state: 'async' }, 0)).toBeNull();
  expect(
    await arbiter.writeDurability(clusterId, next.leaseId, { ...sync, nodeIds: [3] }, revision ?? 0),
  ).not.toBeNull();
  await arbiter.forgetCluster(clusterId, next.leaseId);
  await arbiter.forgetCluster(clusterId, next.leaseId);
  expect(await arbiter.read(clusterId)).toMatchObject({ main: null, term: null, memberNodeIds: [] });
});

test('clusters do not see one another', async () => {
  await take(arbiter, 1);
  expect(await arbiter.read(`${clusterId}0`)).toMatchObject({ main: null, term: null, memberNodeIds: [] });
});

function seenNow(view: Awaited<ReturnType<Arbiter['read']>>) {
  return { ...view, mainModRevision: 0 };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
