/** `durability = sync`: standbys that commits wait for, and the record that says so to a candidate (SAFETY §4). */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, requireMembership } from './membership.ts';
import type { Membership } from './node-file.ts';
import { senderOf } from './observe-replication.ts';
import { recordEvent } from './record-event.ts';
import { soundsOf } from './sounds.ts';

/** A standby that streams is level within a round trip; one that takes longer is tried again at a later decision. */
const catchUpLimitMs = 2_000;
const catchUpPollMs = 50;

/**
 * The standby is lost: the arbiter's record says "async since" in a transaction that compares this main's lease, and only
 * then writes go on. Nobody who read the old record can take the lease any more.
 *
 * @throws Fault ARBITER_AWAY: then commits go on waiting. LEASE_HELD when the record or the lease was not as it was read.
 */
export async function degradeDurability(context: ClusterContext, rule: number): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const since = new Date(context.clock.nowMs()).toISOString();
  await record(context, membership, { state: 'async', nodeIds: [], since });
  await context.replication.setSynchronousNodes([]);
  await refresh(context);
  await recordEvent(context, {
    type: 'durability_degraded',
    message:
      'No synchronous standby is left: writes go on without one, and automatic failover waits until one has caught up.',
    actor: 'system',
    nodeId: membership.node_id,
    severity: 'critical',
    rule,
  });
}

/**
 * What the setting says is brought about. To sync: names first, then a standby that has flushed everything written until
 * now, and only then the record: it must never promise more than is so. To async: the record first.
 */
export async function restoreDurability(context: ClusterContext, rule: number): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const since = new Date(context.clock.nowMs()).toISOString();
  if (membership.settings.durability === 'async') {
    if (context.arbiter.configured) await record(context, membership, { state: 'async', nodeIds: [], since });
    await context.replication.setSynchronousNodes([]);
    await keepInFile(context, { state: 'async', node_ids: [], since });
    await refresh(context);
    return;
  }
  const nodeIds = followers(context, membership);
  if (nodeIds.length === 0) return;
  const current = await context.replication.synchronousState();
  const added = nodeIds.filter((nodeId) => !current.nodeIds.includes(nodeId));
  const removed = current.nodeIds.filter((nodeId) => !nodeIds.includes(nodeId));
  // One more that may hold the last acknowledged write: every candidate has to know of it before the first such write.
  if (added.length > 0 && current.nodeIds.length > 0 && context.arbiter.configured) {
    await record(context, membership, { state: 'sync', nodeIds: [...current.nodeIds, ...added], since });
  }
  // A name that is taken away may hold the only other copy of a write that its record still promises: those that stay
  // must have caught up first, which the next look tells.
  if (added.length > 0 || removed.length > 0) await context.replication.setSynchronousNodes(nodeIds);
  if (!(await haveCaughtUp(context, nodeIds))) {
    // Nothing was promised yet, so nobody is kept waiting for a standby that does not come after all.
    if (current.nodeIds.length === 0) await context.replication.setSynchronousNodes([]);
    return;
  }
  if (context.arbiter.configured) await record(context, membership, { state: 'sync', nodeIds, since });
  await keepInFile(context, { state: 'sync', node_ids: nodeIds, since });
  await refresh(context);
  await recordEvent(context, {
    type: 'durability_restored',
    message: `Every commit waits for a standby again (node ${nodeIds.join(', ')}).`,
    actor: 'system',
    nodeId: membership.node_id,
    rule,
  });
}

/**
 * A new main inherits names and a record from the one before it. The record says "async" before the names go, and so
 * before anything is acknowledged that no other server has: another candidate of the old record would lack it.
 */
export async function recordAsyncBeforeWrites(context: ClusterContext): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const { lease } = context.memory;
  if (!context.arbiter.configured || lease === null || membership.arbiter_override !== null) return;
  const { durability } = await context.arbiter.read(membership.cluster_id);
  if (durability.record?.state !== 'sync') return;
  const since = new Date(context.clock.nowMs()).toISOString();
  await record(context, membership, { state: 'async', nodeIds: [], since });
}

/** Whether each of them has flushed what main had written when the names were in force; up to 2 s are given for it. */
async function haveCaughtUp(context: ClusterContext, nodeIds: readonly number[]): Promise<boolean> {
  const { currentLsn } = await context.replication.synchronousState();
  const deadlineMs = performance.now() + catchUpLimitMs;
  for (;;) {
    const { caughtUpNodeIds } = await context.replication.synchronousState(currentLsn);
    if (nodeIds.every((nodeId) => caughtUpNodeIds.includes(nodeId))) return true;
    if (performance.now() > deadlineMs) return false;
    await delay(catchUpPollMs);
  }
}

/** Those that stream from here now, by node id. */
function followers(context: ClusterContext, membership: Membership): number[] {
  const { positions } = context.memory;
  return otherPeers(membership)
    .filter(({ node_id: nodeId }) => {
      const reply = context.memory.probes.get(nodeId)?.reply;
      const { heardMs, failedMs } = soundsOf(context, nodeId);
      // What it said last is no sign of life: it may have died since.
      const isHeard = heardMs !== null && (failedMs === null || failedMs < heardMs);
      const streams = positions !== null && senderOf(positions, nodeId)?.state === 'streaming';
      return isHeard && streams && reply?.standing === 'following' && reply.receiver_streaming;
    })
    .map((peer) => peer.node_id)
    .sort((left, right) => left - right);
}

async function record(
  context: ClusterContext,
  membership: Membership,
  wanted: { state: 'sync' | 'async'; nodeIds: number[]; since: string },
): Promise<void> {
  const { lease } = context.memory;
  if (lease === null || lease.lost) throw new Fault('LEASE_HELD', 'Only the holder of the lease changes the record.');
  const { durability } = await context.arbiter.read(membership.cluster_id);
  const revision = await context.arbiter.writeDurability(
    membership.cluster_id,
    lease.leaseId,
    wanted,
    durability.modRevision,
  );
  if (revision === null) throw new Fault('LEASE_HELD', 'The durability record was not written: the lease has changed.');
}

async function keepInFile(context: ClusterContext, durability: NonNullable<Membership['durability']>): Promise<void> {
  await context.nodeFile.update((file) =>
    file.membership === null ? file : { ...file, membership: { ...file.membership, durability } },
  );
}

async function refresh(context: ClusterContext): Promise<void> {
  context.memory.synchronous = await context.replication.synchronousState();
  context.memory.stalledSinceMs = null;
}
