/** After the grant: until the candidate is main, or has said that it never will be (SAFETY §3 "Grant"). */
import type { Operation } from '@proxpanel/contracts/operations';
import { askToDiscard, candidatePeer } from './ask-candidate.ts';
import type { ClusterContext } from './cluster-context.ts';
import { isDecidesReason } from './gate-reasons.ts';
import {
  changeHandover,
  endHandover,
  goodForMs,
  handoverGateReason,
  handoverNews,
  liveHandover,
  requireHandover,
} from './handover.ts';
import { requireMembership } from './membership.ts';
import type { Handover } from './node-file.ts';
import { probePeer } from './probe-peers.ts';
import { TakenBack, type RunStep } from './step-result.ts';
import { takeRoleBack } from './take-role-back.ts';

/** Each answer costs both servers some milliseconds of the very moment in which nobody takes writes. */
const pollMs = 250;

export const awaitNewMain: RunStep = async (context, operation, signal) => {
  for (;;) {
    const membership = requireMembership(context.nodeFile.get());
    if (membership.main_node_id !== membership.node_id) {
      await endHandover(context, operation.id);
      const { gateShutBecause } = context.roles.view();
      // A secondary takes no writes anyway; its page says that, and no longer that they go on in a moment.
      if (gateShutBecause === handoverGateReason || isDecidesReason(gateShutBecause)) context.roles.openGate();
      return { detail: `Node ${String(membership.main_node_id)} is main of term ${String(membership.term)}.` };
    }
    const handover = requireHandover(context, operation.id);
    const givenUp = liveHandover(context).givenUp.get(operation.id);
    if (givenUp !== undefined && !context.arbiter.configured) await goBack(context, operation, givenUp);
    if (givenUp !== undefined || goodForMs(context, handover) <= 0) await settle(context, operation, handover);
    signal.throwIfAborted();
    // The announcement comes after the first checkpoint; the candidate's own status says it before.
    await probePeer(context, membership, candidatePeer(context, handover.candidate_node_id), signal);
    if (context.nodeFile.get().membership?.main_node_id === membership.node_id) {
      await handoverNews(context, pollMs, signal);
    }
  }
};

/** The grant has run out, or the candidate said that it does not use it. Only its word, or the lease, can tell. */
async function settle(context: ClusterContext, operation: Operation, handover: Handover): Promise<void> {
  const answer = await askToDiscard(context, operation.id, handover.candidate_node_id);
  const hasArbiter = context.arbiter.configured;
  liveHandover(context).unheardId = answer.kind === 'silent' && !hasArbiter ? operation.id : null;
  if (answer.kind === 'promoted' || answer.kind === 'unsettled') return;
  const discardedTerm = answer.kind === 'discarded' ? answer.term : null;
  const reason =
    discardedTerm === null
      ? 'The candidate did not answer, and the lease is this server’s.'
      : 'The candidate did not use the grant.';
  if (!hasArbiter && discardedTerm !== null) await goBack(context, operation, reason);
  if (hasArbiter && (await takeRoleBack(context, handover.candidate_node_id, discardedTerm))) {
    await goBack(context, operation, reason);
  }
}

/** Always throws. The candidate may have claimed the next term: this reign goes on above it. */
async function goBack(context: ClusterContext, operation: Operation, reason: string): Promise<never> {
  const hasArbiter = context.arbiter.configured;
  await changeHandover(context, operation.id, (handover, membership) => {
    if (handover.state !== 'granted') return null;
    const term = hasArbiter ? membership.term : Math.max(membership.term, handover.term + 1);
    return { handover: { ...handover, state: 'rolled_back' }, term };
  });
  throw new TakenBack(reason);
}
