/** The new main's first write: promotion, term, config and node rows, event, in one transaction (SAFETY §2, DESIGN §8). */
import type { Operation } from '@proxpanel/contracts/operations';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, requireMembership, slotNameOf } from './membership.ts';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import { flushJournal, makeEvent } from './record-event.ts';

export const promotingGateReason = 'This server is being promoted; writes are taken in a moment.';

/** Of an operation, what the record says of it. */
type PromotionCause = Pick<Operation, 'id' | 'actor' | 'reason' | 'started_at'>;

/** All that must stand before the first write of anybody else (SAFETY §2, §3); then the gate opens. Repeatable. */
export async function completePromotion(
  context: ClusterContext,
  promotion: Promotion,
  cause: PromotionCause,
): Promise<void> {
  await context.replication.restoreAfterPromotion();
  // A main keeps them empty: after a crash it must not follow anyone by what it remembers (SAFETY §1).
  await context.replication.clearStandbySource();
  await recordPromotion(context, promotion, cause);
  if (otherPeers(requireMembership(context.nodeFile.get())).length > 0) {
    // Each promotion takes the file away; without it a restart would come up writable (SAFETY §1 "Fail-safe restart").
    await context.replication.keepStandbySignal(true);
    context.memory.standbySignal = true;
  }
  if (context.roles.view().gateShutBecause === promotingGateReason) context.roles.openGate();
}

/** Repeatable: a promotion that is already listed is not written twice. */
async function recordPromotion(context: ClusterContext, promotion: Promotion, cause: PromotionCause): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await context.rows.transaction(async (rows) => {
    const known = await rows.listPromotions();
    if (known.some((listed) => listed.promotion_id === promotion.promotion_id)) return;
    await rows.insertPromotion(promotion);
    await rows.patchConfig({ role: 'main', node_id: membership.node_id, term: promotion.term });
    for (const node of await rows.listNodes()) {
      if (node.removed_at !== null) continue;
      const isMain = node.id === membership.node_id;
      await rows.patchNode(node.id, {
        role: isMain ? 'main' : 'secondary',
        slot_name: isMain ? null : slotNameOf(node.id),
        // The others are judged anew by what is heard of them under the new main.
        status: isMain ? 'online' : 'offline',
      });
    }
    const message = `"${membership.display_name}" became the main server (term ${String(promotion.term)}).`;
    const details = {
      operation_id: cause.id,
      promotion_id: promotion.promotion_id,
      timeline: promotion.timeline,
      fork_lsn: promotion.fork_lsn,
      reason: cause.reason,
    };
    const base = { actor: cause.actor, nodeId: membership.node_id, severity: 'warning', details } as const;
    const started = makeEvent(context.clock, {
      ...base,
      type: 'failover_started',
      message: `The promotion of "${membership.display_name}" began.`,
    });
    await rows.appendEvents([
      { ...started, at: cause.started_at },
      makeEvent(context.clock, { ...base, type: 'failover_completed', message }),
    ]);
  });
  await flushJournal(context);
}
