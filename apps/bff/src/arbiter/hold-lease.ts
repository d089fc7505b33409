/** What the holder of the lease alone does; each compares in its own transaction that it still is. */
import type { DurabilityRecord, LeaseResult, RenewResult } from '../cluster/arbiter-ports.ts';
import { Fault } from '../fault.ts';
import { encodeDurability, encodeMain, keysOf } from './keys.ts';
import { isAtRevision, isUnderLease, keepLeaseAlive, look, put, transact } from './lease-calls.ts';
import { underNewLease, type LeaseTools } from './take-lease.ts';

const lostSentence = 'The arbiter no longer has this server as the holder of the lease.';

/** As the port says. */
export async function renewLease(tools: LeaseTools, clusterId: string, leaseId: string): Promise<RenewResult> {
  const startedMs = tools.bootMs();
  const ttlMs = await keepLeaseAlive(tools.client, leaseId);
  if (ttlMs === 0) return { renewed: false, sentence: 'The lease has expired.' };
  // A lease may outlive its key: the key says who is main.
  const { main } = await look(tools.client, clusterId);
  if (main?.leaseId !== leaseId) return { renewed: false, sentence: lostSentence };
  tools.unsettled.delete(leaseId);
  return { renewed: true, startedMs, ttlMs };
}

/** As the port says. */
export async function replaceLease(
  tools: LeaseTools,
  clusterId: string,
  leaseId: string,
  ttlMs: number,
): Promise<LeaseResult> {
  const { main } = await look(tools.client, clusterId);
  // Under a lease of an earlier call of this kind whose reply was lost the key is this server's all the same.
  if (main === null || (main.leaseId !== leaseId && !tools.unsettled.has(main.leaseId))) {
    return { taken: false, sentence: lostSentence };
  }
  const value = encodeMain({
    node_id: main.nodeId,
    term: main.term,
    lease_ttl_ms: main.ttlMs,
    ...(ttlMs === main.ttlMs ? {} : { granted_ttl_ms: ttlMs }),
  });
  const key = keysOf(clusterId).main;
  const result = await underNewLease(tools, ttlMs, main.term, (newLeaseId) => ({
    transaction: { clusterId, compare: [isUnderLease(key, main.leaseId)], success: [put(key, value, newLeaseId)] },
    why: () => lostSentence,
  }));
  // Without its key the old one is of no use to anybody; it is given back now or with the next lease.
  if (result.taken) tools.unsettled.add(main.leaseId);
  return result;
}

/** As the port says. */
export async function writeMembers(
  tools: LeaseTools,
  clusterId: string,
  leaseId: string,
  nodeIds: readonly number[],
): Promise<boolean> {
  const keys = keysOf(clusterId);
  const { memberNodeIds } = await look(tools.client, clusterId);
  // One transaction may not delete and write the same key.
  const gone = memberNodeIds.filter((nodeId) => !nodeIds.includes(nodeId));
  const result = await transact(tools.client, {
    clusterId,
    compare: [isUnderLease(keys.main, leaseId)],
    success: [
      ...gone.map((nodeId) => ({ request_delete_range: { key: keys.member(nodeId) } })),
      ...[...new Set(nodeIds)].map((nodeId) => put(keys.member(nodeId), '')),
    ],
  });
  return result?.succeeded ?? false;
}

/** As the port says. */
export async function writeDurability(
  tools: LeaseTools,
  clusterId: string,
  leaseId: string,
  record: DurabilityRecord,
  durabilityRevision: number,
): Promise<number | null> {
  const keys = keysOf(clusterId);
  const value = encodeDurability(record);
  const result = await transact(tools.client, {
    clusterId,
    compare: [isUnderLease(keys.main, leaseId), isAtRevision(keys.durability, durabilityRevision)],
    success: [put(keys.durability, value)],
  });
  if (result === null || result.succeeded) return result?.revision ?? null;
  // An earlier try of this very call, whose reply was lost, may have written it.
  const { main, durability } = result.seen ?? { main: null, durability: { record: null, modRevision: 0 } };
  const isOurs = durability.record !== null && encodeDurability(durability.record) === value;
  return main?.leaseId === leaseId && isOurs && durability.modRevision > durabilityRevision
    ? durability.modRevision
    : null;
}

/** As the port says. */
export async function forgetCluster(tools: LeaseTools, clusterId: string, leaseId: string): Promise<void> {
  const keys = keysOf(clusterId);
  const result = await transact(tools.client, {
    clusterId,
    compare: [isUnderLease(keys.main, leaseId)],
    success: [{ request_delete_range: keys.everything }],
  });
  if (result === null || result.succeeded) return;
  if (result.seen !== null && (result.seen.term !== null || result.seen.main !== null)) {
    throw new Fault('LEASE_HELD', `${lostSentence} It keeps what it knows of the cluster.`);
  }
}
