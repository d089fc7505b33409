/** What the arbiter says now, kept for the next decisions; also main's part in it: its own lease found again, its members. */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { shortenLeaseAgain } from './extend-lease.ts';
import { findLeaseAgain } from './hold-lease.ts';
import { configuredRole, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { recordEvent } from './record-event.ts';
import { bootMs } from './sounds.ts';

/** Silent for so long, it is told. */
const lostAfterMs = 10_000;

/** One look. An arbiter that does not answer is remembered as silent; nothing else of what it said changes. */
export async function readArbiter(context: ClusterContext, signal: AbortSignal): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (!context.arbiter.configured || membership?.is_active !== true) return;
  const { arbiter } = context.memory;
  const askedMs = bootMs(context);
  try {
    const view = await context.arbiter.read(membership.cluster_id, signal);
    const before = arbiter.view;
    const forgot = before !== null && (before.arbiterId !== view.arbiterId || view.revision < before.revision);
    if (forgot) {
      context.log.error({ before: before.revision, now: view.revision }, 'the arbiter has forgotten what it knew');
      arbiter.forgotMs = askedMs;
    }
    await tellBack(context, askedMs);
    Object.assign(arbiter, { view, heardMs: askedMs, silent: false, sentence: '' });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Fault)) throw error;
    arbiter.silent = true;
    arbiter.sentence = error.message;
    await tellLost(context, askedMs);
    return;
  }
  if (configuredRole(membership) !== 'main') return;
  await findLeaseAgain(context);
  await shortenLeaseAgain(context);
  await keepMembers(context, membership);
}

/** A removed node must not take the lease, and a new one must be able to (SAFETY §3 "Lease"). */
async function keepMembers(context: ClusterContext, membership: Membership): Promise<void> {
  const { lease, arbiter } = context.memory;
  if (lease === null || lease.lost || arbiter.view === null) return;
  const wanted = [membership.node_id, ...otherPeers(membership).map((peer) => peer.node_id)].sort((a, b) => a - b);
  const listed = [...arbiter.view.memberNodeIds].sort((a, b) => a - b);
  if (wanted.join() === listed.join()) return;
  await context.arbiter.writeMembers(membership.cluster_id, lease.leaseId, wanted);
}

async function tellLost(context: ClusterContext, nowMs: number): Promise<void> {
  const { arbiter, standingFaults } = context.memory;
  if (standingFaults.has('arbiter') || nowMs - (arbiter.heardMs ?? context.own.startedMs) < lostAfterMs) return;
  standingFaults.set('arbiter', `The arbiter does not answer: ${arbiter.sentence}`);
  const message = `The arbiter does not answer: ${arbiter.sentence}`;
  await recordEvent(context, { type: 'arbiter_lost', message, actor: 'system', severity: 'warning' });
}

async function tellBack(context: ClusterContext, nowMs: number): Promise<void> {
  const { arbiter, standingFaults } = context.memory;
  if (!standingFaults.delete('arbiter')) return;
  const seconds = Math.round((nowMs - (arbiter.heardMs ?? context.own.startedMs)) / 1_000);
  const message = `The arbiter answers again, after ${String(seconds)} s.`;
  await recordEvent(context, { type: 'arbiter_back', message, actor: 'system' });
}
