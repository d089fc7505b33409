/** pg_promote under a grant: it has returned before the grant runs out, or this server is fenced (SAFETY §3 "Grant"). */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { changeHandover, goodForMs, liveHandover, requireHandover } from './handover.ts';
import { enforceFence } from './meet-term.ts';
import { keepNewPromotion } from './promotion-steps.ts';
import type { RunStep } from './step-result.ts';

/** Nothing is begun that could not end in time. */
const leastMs = 500;

export const promoteWithinGrant: RunStep = async (context, operation) => {
  const live = liveHandover(context);
  const handover = requireHandover(context, operation.id);
  const leftMs = goodForMs(context, handover);
  // From this look to the mark nothing is waited for: "discarded" looks at the mark in the same way.
  if (handover.state !== 'granted' || live.discardingId === operation.id) {
    throw new Fault('GRANT_REFUSED', 'Main has taken it back.');
  }
  if (leftMs < leastMs) throw new Fault('GRANT_REFUSED', 'The grant has run out.');
  live.promotingId = operation.id;
  try {
    const fork = await context.replication.promote(Math.max(1, Math.floor(leftMs / 1_000)));
    if (goodForMs(context, handover) <= 0)
      throw new Fault('GRANT_REFUSED', 'pg_promote returned after the grant had run out.');
    const promotion = await keepNewPromotion(context, fork);
    void context.database.look();
    return { detail: `Timeline ${String(promotion.timeline)} began at ${promotion.fork_lsn}.` };
  } catch (error) {
    await fenceItself(context, operation.id, error);
    throw error;
  } finally {
    live.promotingId = null;
  }
};

/** It may leave recovery later than it was allowed to: from here on each time that it does so it is put back. */
export async function fenceItself(context: ClusterContext, operationId: string, cause: unknown): Promise<void> {
  const reason = `Not promoted in time, so main may be main again: ${messageOf(cause)}`;
  const at = new Date(context.clock.nowMs()).toISOString();
  context.roles.shutGate(reason);
  await changeHandover(context, operationId, (handover, membership) => ({
    handover: { ...handover, state: 'discarded' },
    fence: { at, reason, term: membership.term },
  }));
  await context.database.look();
  await enforceFence(context);
}
