/** First step of an emergency promotion: the old main is shut, or known to be silent, before there can be a second one. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Peer } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import { claimTerm } from './claim-term.ts';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer, ownPeer, requireMembership, targetOf } from './membership.ts';
import { observeReplication, receiverStreams } from './observe-replication.ts';
import { ownPromotions } from './own-promotions.ts';
import type { StepResult } from './step-result.ts';

/** The old main answers an announcement only once its database is in recovery, which takes seconds on a large one. */
const fenceTimeoutMs = 20_000;
const walPollMs = 250;
/** The receiver notices its time-out by waking up now and then. */
const walMarginMs = 1_000;

/**
 * A main that still answers is shut before there can be a second one. The term is on disk before it is said. One that
 * cannot be shut, or that is silent while its WAL flows, may still take writes: nobody is promoted beside it (SAFETY §6).
 */
export async function fenceMain(context: ClusterContext): Promise<StepResult> {
  const membership = requireMembership(context.nodeFile.get());
  const main = mainPeer(membership);
  const term = await claimTerm(context);
  if (main === null || main.node_id === membership.node_id) return { detail: 'There is no other main.', skipped: true };
  const self = ownPeer(context.nodeFile.get(), membership, context.own, 'main');
  const body = { term, main: self, promotion_id: null, promotions: ownPromotions(context) };
  const askedMs = performance.now();
  const reply = await context.peers
    .call('announce', targetOf(membership, main), body, { timeoutMs: fenceTimeoutMs })
    .catch((error: unknown) => silenceOf(main, error));
  if (typeof reply !== 'string') {
    if (reply.body.writes_shut) return { detail: `"${main.display_name}" answered and has shut its writes.` };
    throw new Fault(
      'BLOCKED',
      `"${main.display_name}" answered but could not shut its writes; its own page says why. Stop PostgreSQL there, then promote again.`,
    );
  }
  if (await walStillFlows(context, askedMs)) {
    // Left standing, the claim would fence a healthy main at its next probe. One that heard it late is fenced at this
    // term, and tells it in its next reply.
    await takeBack(context, term);
    throw new Fault(
      'BLOCKED',
      `"${main.display_name}" did not answer (${reply}), but its database still sends WAL and may take writes. Stop PostgreSQL there, then promote again.`,
    );
  }
  // Main is lost: that is what an emergency promotion is for. Terms shut it when it comes back.
  return { detail: `"${main.display_name}" did not answer: ${reply}`, skipped: true };
}

const silences: readonly string[] = ['MAIN_UNREACHABLE', 'MAIN_UNRESOLVABLE', 'MAIN_TIMEOUT', 'BAD_REPLY'];

/** Why main did not answer; an answer that is a refusal comes from a living main, and nobody is promoted beside it. */
function silenceOf(main: Peer, error: unknown): string {
  if (error instanceof Fault && silences.includes(error.code)) return error.message;
  throw new Fault('BLOCKED', `"${main.display_name}" is alive and refuses: ${messageOf(error)}`, { cause: error });
}

async function takeBack(context: ClusterContext, term: number): Promise<void> {
  await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership?.term !== term || membership.main_node_id === membership.node_id) return file;
    return { ...file, membership: { ...membership, term: term - 1 } };
  });
}

/** A host that died without a word looks alive until the receiver's time-out has passed since it was asked: so long is waited. */
async function walStillFlows(context: ClusterContext, askedMs: number): Promise<boolean> {
  const deadlineMs = askedMs + context.own.walTimeoutMs + walMarginMs;
  while (receiverStreams(await observeReplication(context))) {
    if (performance.now() >= deadlineMs) return true;
    await delay(walPollMs);
  }
  return false;
}
