/** "Am I still main?", asked by a main that came back read-only (SAFETY §3 "Terms"). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, requireMembership } from './membership.ts';
import { isPromoting, isPromotedOutside } from './own-promotion-state.ts';
import { ownPromotions } from './own-promotions.ts';
import { hear } from './sounds.ts';

interface Question {
  readonly node_id: number;
  readonly term: number;
  readonly promotion_ids: readonly string[];
}

/** Being asked is a sound of main: a countdown that ran against it begins anew. */
export function answerConfirmation(
  context: ClusterContext,
  question: Question,
  callerNodeId: number | null,
): { still_main: boolean; reason: string } {
  if (callerNodeId !== question.node_id) throw new Fault('BAD_TOKEN', 'A server may ask only for itself.');
  requireMembership(context.nodeFile.get());
  hear(context, question.node_id);
  const reason = whyNot(context, question);
  return { still_main: reason === null, reason: reason ?? `Main is node ${String(question.node_id)}.` };
}

function whyNot(context: ClusterContext, { node_id: nodeId, term, promotion_ids: ids }: Question): string | null {
  const membership = requireMembership(context.nodeFile.get());
  if (configuredRole(membership) === 'main') return `This server is main of term ${String(membership.term)}.`;
  if (membership.main_node_id !== nodeId) {
    return `Main is node ${String(membership.main_node_id)}, of term ${String(membership.term)}.`;
  }
  // With an arbiter a higher term that was given to this very main, and whose answer never reached it, takes nothing away.
  const begun = context.arbiter.configured ? membership.taken_term : membership.term;
  if (begun > term) return `Term ${String(begun)} has begun.`;
  const unknown = ownPromotions(context).find((promotion) => !ids.includes(promotion.promotion_id));
  if (unknown !== undefined) return `Node ${String(unknown.node_id)} was promoted without it.`;
  if (isPromoting(context)) return 'This server is being promoted.';
  return isPromotedOutside(context) ? 'This database takes writes.' : null;
}
