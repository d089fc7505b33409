/** Main's lease with the arbiter: taken, renewed, given back; the guard learns each new deadline (SAFETY §3). */
import { leaseMarginMs, writeDeadlineMs } from '@proxpanel/failover/lease';
import { Fault } from '../fault.ts';
import type { DecidedOn, LeaseRequest } from './arbiter-ports.ts';
import type { ClusterContext } from './cluster-context.ts';
import { withGrant } from './handover.ts';
import { otherPeers, requireMembership } from './membership.ts';
import { observeForDecision, policyOf } from './observe-for-decision.ts';
import { bootMs } from './sounds.ts';

/**
 * Takes the lease, and with it a new term, which is on disk before this resolves.
 *
 * @param alsoMember a node that is about to be listed.
 * @param takeOverFrom the holder that granted it; null: only an absent lease is taken.
 * @throws Fault LEASE_HELD with what stood against it; ARBITER_AWAY.
 */
export async function takeLease(
  context: ClusterContext,
  takeOverFrom: LeaseRequest['takeOverFrom'],
  alsoMember: number | null = null,
): Promise<number> {
  const membership = requireMembership(context.nodeFile.get());
  const { view } = context.memory.arbiter;
  const members = new Set([membership.node_id, ...otherPeers(membership).map((peer) => peer.node_id)]);
  if (alsoMember !== null) members.add(alsoMember);
  const ttlMsAsked = view?.main?.ttlMs ?? context.own.leaseTtlMs;
  await guardFirst(context, ttlMsAsked);
  const result = await context.arbiter.takeLease({
    clusterId: membership.cluster_id,
    nodeId: membership.node_id,
    ttlMs: ttlMsAsked,
    ownTerm: membership.term,
    // A term or a record that has changed since the decision refuses it; read afresh here they would not. What a grant
    // gives away nobody else changes any more.
    decidedOn: takeOverFrom === null ? await decisionView(context, membership.cluster_id) : null,
    foundMembers: [...members],
    takeOverFrom,
  });
  if (!result.taken) throw new Fault('LEASE_HELD', result.sentence);
  const { leaseId, term, startedMs, ttlMs } = result;
  context.memory.lease = { leaseId, term, ttlMs, renewedMs: startedMs, lost: false };
  await context.nodeFile.update((file) =>
    file.membership === null
      ? file
      : {
          ...file,
          membership: {
            ...withGrant(context, file.membership),
            term,
            lease: { lease_id: leaseId, term },
            taken_term: term,
            arbiter_override: null,
          },
        },
  );
  context.log.info({ term, lease_id: leaseId }, 'took the lease');
  return term;
}

/** What the arbiter said when it was decided; asked now where nothing was decided yet (a first join). */
async function decisionView({ memory, arbiter }: ClusterContext, clusterId: string): Promise<DecidedOn> {
  const { arbiterId, term, durability } = memory.arbiter.view ?? (await arbiter.read(clusterId));
  return { arbiterId, term, durabilityRevision: durability.modRevision };
}

/**
 * No guard, no lease (SAFETY §3): a writer that has neither gets the guard first, with the deadline of a lease that would
 * be given now. A panel that dies in between leaves no writer alone. One that holds leave has a guard, or gets it with the
 * deadline that it really has.
 */
async function guardFirst(context: ClusterContext, ttlMs: number): Promise<void> {
  if (context.database.view().state !== 'writable' || context.memory.guardAlive === true) return;
  const { membership } = context.nodeFile.get();
  if (membership === null) return;
  const leaveMs = writeDeadlineMs(observeForDecision(context, membership), policyOf(context, membership));
  await keepGuard(context, leaveMs ?? bootMs(context) + ttlMs - leaseMarginMs(ttlMs));
  if (!context.memory.guardAlive) {
    throw new Fault('HOST_FAULT', 'The guard beside PostgreSQL does not start, and without it no lease is taken.');
  }
}

/** One renewal. A lease that has ended is marked lost, and the next decision fences. ARBITER_AWAY. */
export async function renewLease(context: ClusterContext): Promise<void> {
  const { lease } = context.memory;
  const { membership } = context.nodeFile.get();
  if (lease === null || membership === null) return;
  const result = await context.arbiter.renewLease(membership.cluster_id, lease.leaseId);
  // It may have been given away, or taken anew, while the answer was under way.
  if (context.memory.lease?.leaseId !== lease.leaseId) return;
  if (result.renewed) {
    context.memory.lease = { ...lease, ttlMs: result.ttlMs, renewedMs: result.startedMs, lost: false };
    return;
  }
  context.log.warn({ lease_id: lease.leaseId, reason: result.sentence }, 'the lease is lost');
  context.memory.lease = { ...lease, lost: true };
}

/**
 * A lease that names this server is its own, whoever has forgotten it: a BFF that was restarted, or one whose taking of it
 * was answered by silence. It goes on with it, and with its term.
 */
export async function findLeaseAgain(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  const held = context.memory.arbiter.view?.main ?? null;
  if (membership === null || held?.nodeId !== membership.node_id) return;
  if (context.memory.lease !== null && !context.memory.lease.lost) return;
  const { leaseId, term } = held;
  if (context.memory.lease?.leaseId === leaseId) return;
  const result = await context.arbiter.renewLease(membership.cluster_id, leaseId);
  if (!result.renewed) return;
  await context.nodeFile.update((file) =>
    file.membership === null
      ? file
      : {
          ...file,
          membership: {
            ...file.membership,
            term: Math.max(term, file.membership.term),
            lease: { lease_id: leaseId, term },
            taken_term: Math.max(term, file.membership.taken_term),
          },
        },
  );
  context.memory.lease = { leaseId, term, ttlMs: result.ttlMs, renewedMs: result.startedMs, lost: false };
}

/** Ends the lease; what it cannot end runs out by itself. May be repeated. */
export async function giveLeaseBack(context: ClusterContext): Promise<void> {
  const leaseId = context.memory.lease?.leaseId ?? context.nodeFile.get().membership?.lease?.lease_id ?? null;
  context.memory.lease = null;
  if (context.nodeFile.get().membership?.lease != null) {
    await context.nodeFile.update((file) =>
      file.membership === null ? file : { ...file, membership: { ...file.membership, lease: null } },
    );
  }
  if (leaseId !== null && context.arbiter.configured) await context.arbiter.releaseLease(leaseId);
}

/** No longer ours, without asking anybody: it was taken over by the candidate that main granted it to. */
export async function forgetLease(context: ClusterContext): Promise<void> {
  context.memory.lease = null;
  await context.nodeFile.update((file) =>
    file.membership?.lease == null ? file : { ...file, membership: { ...file.membership, lease: null } },
  );
}

/** Tells the guard until when writes may be taken, and makes sure that it lives. */
export async function keepGuard(context: ClusterContext, deadlineMs: number): Promise<void> {
  context.memory.guardAlive = await context.guard.keep(deadlineMs);
  context.memory.guardDeadlineMs = deadlineMs;
}
