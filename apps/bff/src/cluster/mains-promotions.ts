/** Main's whole list of promotions, from its own signed word: by it a member tells whether it may follow (SAFETY §2). */
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { PromotionRecord } from '@proxpanel/failover/promotion-history';
import { parseLsn } from '@proxpanel/failover/lsn';
import type { ClusterContext } from './cluster-context.ts';
import type { MainsPromotions } from './cluster-memory.ts';
import type { Membership } from './node-file.ts';

/** `said`: by main itself, of its own reign; never by a candidate that has only claimed the term. */
export function rememberMainsPromotions(context: Pick<ClusterContext, 'memory'>, said: MainsPromotions): void {
  // What a superseded main still says of itself must not hide what the new one has said.
  if (said.term >= (context.memory.mainsPromotions?.term ?? 0)) context.memory.mainsPromotions = said;
}

/** null: the main that node.json names has not said it yet, of this term. */
export function mainsPromotionsOf(
  context: Pick<ClusterContext, 'memory'>,
  membership: Membership,
): readonly Promotion[] | null {
  const said = context.memory.mainsPromotions;
  if (said?.nodeId !== membership.main_node_id || said.term !== membership.term) return null;
  return said.promotions;
}

/** The same, if it was asked for since `sinceMs` (boot clock): a main may have been promoted again in its own term. */
export function mainsPromotionsSince(
  context: Pick<ClusterContext, 'memory'>,
  membership: Membership,
  sinceMs: number,
): readonly Promotion[] | null {
  const { askedMs = null } = context.memory.mainsPromotions ?? {};
  return askedMs === null || askedMs < sinceMs ? null : mainsPromotionsOf(context, membership);
}

export function promotionRecords(promotions: readonly Promotion[]): PromotionRecord[] {
  return promotions.map((promotion) => ({
    promotionId: promotion.promotion_id,
    timeline: promotion.timeline,
    forkLsn: parseLsn(promotion.fork_lsn),
  }));
}

export function idsOf(promotions: readonly Promotion[]): string[] {
  return promotions.map((promotion) => promotion.promotion_id);
}

export function haveSamePromotions(left: readonly Promotion[], right: readonly Promotion[]): boolean {
  const known = new Set(idsOf(left));
  return known.size === new Set(idsOf(right)).size && right.every((each) => known.has(each.promotion_id));
}

/** Of the promotions that only one of the two lists holds, the one with the lowest fork: there the two parted. */
export function partingPromotion(own: readonly Promotion[], mains: readonly Promotion[]): Promotion | null {
  const inBoth = new Set(idsOf(own).filter((id) => idsOf(mains).includes(id)));
  const apart = [...own, ...mains].filter((each) => !inBoth.has(each.promotion_id));
  return apart.reduce<Promotion | null>(
    (lowest, each) => (lowest === null || parseLsn(each.fork_lsn) < parseLsn(lowest.fork_lsn) ? each : lowest),
    null,
  );
}
