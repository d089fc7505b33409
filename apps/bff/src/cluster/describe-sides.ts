/** Both sides' numbers of a split, as far as they are known at that moment (SAFETY §6). */
import { formatLsn } from '@proxpanel/failover/lsn';
import type { ClusterContext } from './cluster-context.ts';
import { idsOf } from './mains-promotions.ts';
import type { Membership } from './node-file.ts';
import { ownPromotions } from './own-promotions.ts';

/** For an event's `details`. The other side is what it last said by probe or announcement; null: not heard yet. */
export function sidesOf(
  context: ClusterContext,
  membership: Membership,
  other: { readonly nodeId: number | null; readonly term: number },
): Record<string, unknown> {
  const { positions, mainsPromotions, probes } = context.memory;
  const reply = other.nodeId === null ? null : (probes.get(other.nodeId)?.reply ?? null);
  const announced = mainsPromotions?.nodeId === other.nodeId ? mainsPromotions.promotions : null;
  const theirs = announced ?? reply?.promotions ?? null;
  const last = theirs?.at(-1) ?? null;
  const ownLsn = positions?.currentLsn ?? positions?.receiveLsn ?? null;
  return {
    own_term: membership.term,
    own_timeline: context.database.view().timeline,
    own_promotion_ids: idsOf(ownPromotions(context)),
    own_last_lsn: ownLsn === null ? null : formatLsn(ownLsn),
    met_term: other.term,
    other_node_id: other.nodeId,
    other_timeline: last?.timeline ?? null,
    other_promotion_ids: theirs === null ? null : idsOf(theirs),
    other_fork_lsn: last?.fork_lsn ?? null,
    other_last_lsn: reply?.write_lsn ?? null,
  };
}
