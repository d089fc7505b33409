/** May a main that granted its role away take writes again, where an arbiter keeps the lease (SAFETY §3 "Grant")? */
import { absenceWaitMs } from '@proxpanel/failover/failover-blockers';
import { Fault, messageOf } from '../fault.ts';
import { askConfirmation } from './ask-confirmation.ts';
import type { ClusterContext } from './cluster-context.ts';
import { takeLease } from './hold-lease.ts';
import { meetTerm } from './meet-term.ts';
import { requireMembership } from './membership.ts';
import { observeForDecision, policyOf } from './observe-for-decision.ts';
import { readArbiter } from './read-arbiter.ts';

const lookLimitMs = 3_000;

/**
 * Only by a lease that nobody else can have used: this server's own, taken anew so that a late transaction of the candidate
 * finds another holder, or the candidate's once that has said "discarded". Never one that the candidate holds and is silent
 * about, or holds by another way than the grant: it may be main by it.
 *
 * @param discardedTerm what the candidate said with "discarded"; null: it is silent.
 * @returns whether the lease is this server's now. Where the term key says that another server has taken it, that one is
 *   met as main.
 */
export async function takeRoleBack(
  context: ClusterContext,
  candidateNodeId: number,
  discardedTerm: number | null,
): Promise<boolean> {
  await readArbiter(context, AbortSignal.timeout(lookLimitMs));
  const { view, silent } = context.memory.arbiter;
  if (view === null || silent) return false;
  if (discardedTerm !== null) await keepTermAbove(context, discardedTerm);
  // The arbiter forgot: whether this server is still main is for its own decision to find out, from the start.
  if (view.term === null) return discardedTerm !== null;
  const membership = requireMembership(context.nodeFile.get());
  const holder = view.main;
  if (holder === null && mustWait(context)) return false;
  const isOwn = holder?.nodeId === membership.node_id || (holder === null && view.term <= membership.term);
  const isGiven = view.term === discardedTerm && (holder === null || holder.nodeId === candidateNodeId);
  // A candidate that died before it had written down what it took does not know of its term either: all others are asked.
  const isUnused = discardedTerm !== null && holder === null && (await isVouchedFor(context));
  if (!isOwn && !isGiven && !isUnused) {
    if (discardedTerm === null && view.term > membership.term) {
      const mainNodeId = holder?.nodeId ?? candidateNodeId;
      await meetTerm(context, { term: view.term, mainNodeId, saidBy: 'the arbiter', speakerIsMain: true });
    }
    return false;
  }
  try {
    await takeLease(context, holder === null ? null : { nodeId: holder.nodeId, term: holder.term });
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.info({ reason: messageOf(error) }, 'the lease is not back yet');
    return false;
  }
}

async function isVouchedFor(context: ClusterContext): Promise<boolean> {
  const { asked, confirmed } = await askConfirmation(context);
  return confirmed.length === asked;
}

/** What is absent because the arbiter forgot, or whose end nobody saw, may still be held by somebody's belief. */
function mustWait(context: ClusterContext): boolean {
  const membership = requireMembership(context.nodeFile.get());
  const { nowMs, arbiter } = observeForDecision(context, membership);
  if (arbiter === null) return false;
  return absenceWaitMs(nowMs, arbiter, context.memory.decisionMemory, policyOf(context, membership)) > 0;
}

/** The candidate may have used its term up without being promoted: what is taken now is above it. */
async function keepTermAbove(context: ClusterContext, term: number): Promise<void> {
  await context.nodeFile.update((file) => {
    if (file.membership === null || file.membership.term >= term) return file;
    return { ...file, membership: { ...file.membership, term } };
  });
}
