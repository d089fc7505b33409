/** The new main's first write: promotion, term, config and node rows, event, in one transaction (SAFETY §2, DESIGN §8). */
import type { Operation } from '@proxpanel/contracts/operations';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership, slotNameOf } from './membership.ts';
import type { Promotion } from './node-file.ts';
import { flushJournal, makeEvent } from './record-event.ts';

/** Repeatable: a promotion that is already listed is not written twice. */
export async function recordPromotion(
  context: ClusterContext,
  promotion: Promotion,
  operation: Operation,
): Promise<void> {
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
      operation_id: operation.id,
      promotion_id: promotion.promotion_id,
      timeline: promotion.timeline,
      fork_lsn: promotion.fork_lsn,
      reason: operation.reason,
    };
    const base = { actor: operation.actor, nodeId: membership.node_id, severity: 'warning', details } as const;
    const started = makeEvent(context.clock, {
      ...base,
      type: 'failover_started',
      message: `The promotion of "${membership.display_name}" began.`,
    });
    await rows.appendEvents([
      { ...started, at: operation.started_at },
      makeEvent(context.clock, { ...base, type: 'failover_completed', message }),
    ]);
  });
  await flushJournal(context);
}
