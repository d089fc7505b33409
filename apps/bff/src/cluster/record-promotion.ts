/** The new main's first write: promotion, term, config and node rows, event, in one transaction (SAFETY §2, DESIGN §8). */
import type { ClusterEvent } from '@proxpanel/contracts/events';
import type { Operation } from '@proxpanel/contracts/operations';
import { recordAsyncBeforeWrites } from './change-durability.ts';
import type { ClusterContext } from './cluster-context.ts';
import { haveSamePromotions, idsOf } from './mains-promotions.ts';
import { otherPeers, requireMembership, slotNameOf } from './membership.ts';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { Membership } from './node-file.ts';
import { makeListWhole, ownPromotions } from './own-promotions.ts';
import { flushJournal, makeEvent } from './record-event.ts';

export const promotingGateReason = 'This server is being promoted; writes are taken in a moment.';

/** Of an operation, what the record says of it. */
type PromotionCause = Pick<Operation, 'id' | 'kind' | 'actor' | 'reason' | 'started_at'>;

/** All that must stand before the first write of anybody else (SAFETY §2, §3); then the gate opens. Repeatable. */
export async function completePromotion(
  context: ClusterContext,
  promotion: Promotion,
  cause: PromotionCause,
): Promise<void> {
  await recordAsyncBeforeWrites(context);
  await context.replication.restoreAfterPromotion();
  // A main keeps them empty: after a crash it must not follow anyone by what it remembers (SAFETY §1).
  await context.replication.clearStandbySource();
  await recordPromotion(context, promotion, cause);
  await rememberFailover(context, promotion, cause);
  if (otherPeers(requireMembership(context.nodeFile.get())).length > 0) {
    // Each promotion takes the file away; without it a restart would come up writable (SAFETY §1 "Fail-safe restart").
    await context.replication.keepStandbySignal(true);
    context.memory.standbySignal = true;
  }
  if (context.roles.view().gateShutBecause === promotingGateReason) context.roles.openGate();
  await keepWholeList(context);
}

/** From here on the others may compare themselves with it, and a main whose database is away still knows all of it. */
async function keepWholeList(context: ClusterContext): Promise<void> {
  if (!(await makeListWhole(context))) return;
  const promotions = ownPromotions(context);
  await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership === null || haveSamePromotions(membership.promotions, promotions)) return file;
    return { ...file, membership: { ...membership, promotions } };
  });
}

/** Repeatable: a promotion that is already listed is not written twice. */
async function recordPromotion(context: ClusterContext, promotion: Promotion, cause: PromotionCause): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await context.rows.transaction(async (rows) => {
    const known = new Set(idsOf(await rows.listPromotions()));
    if (known.has(promotion.promotion_id)) return;
    const wasMain = (await rows.readConfig())?.node_id === membership.node_id;
    // With those of this server whose row a fence came before: who has its data has come through them, and would be taken
    // for another cluster's by whoever knows them from node.json (SAFETY §2).
    for (const each of [...membership.promotions, promotion]) {
      if (!known.has(each.promotion_id)) await rows.insertPromotion(each);
    }
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
    await rows.appendEvents(eventsOf(context, membership, promotion, cause, wasMain));
  });
  await flushJournal(context);
}

/** A main that promoted itself again is no change of main; all others have a beginning and an end. */
function eventsOf(
  context: ClusterContext,
  { node_id: nodeId, display_name: name }: Membership,
  promotion: Promotion,
  cause: PromotionCause,
  wasMain: boolean,
): ClusterEvent[] {
  const details = {
    operation_id: cause.id,
    promotion_id: promotion.promotion_id,
    timeline: promotion.timeline,
    fork_lsn: promotion.fork_lsn,
    reason: cause.reason,
  };
  const base = { actor: cause.actor, nodeId, details } as const;
  const term = `term ${String(promotion.term)}`;
  if (wasMain) {
    const message = `"${name}" is main as before (${term}); its database was promoted again.`;
    return [makeEvent(context.clock, { ...base, type: 'main_resumed', message })];
  }
  const isPlanned = cause.kind === 'switchover';
  const [startedType, completedType] = isPlanned
    ? (['switchover_started', 'switchover_completed'] as const)
    : (['failover_started', 'failover_completed'] as const);
  const severity = isPlanned ? 'info' : 'warning';
  const started = makeEvent(context.clock, {
    ...base,
    severity,
    type: startedType,
    message: `The promotion of "${name}" began.`,
  });
  const completed = makeEvent(context.clock, {
    ...base,
    severity,
    type: completedType,
    message: `"${name}" became the main server (${term}).`,
  });
  return [{ ...started, at: cause.started_at }, completed];
}

/** Another automatic failover within the hour waits until an admin has seen this one (SAFETY §4). */
async function rememberFailover(context: ClusterContext, promotion: Promotion, cause: PromotionCause): Promise<void> {
  if (cause.kind !== 'automatic_failover') return;
  await context.nodeFile.update((file) => {
    if (file.membership === null || file.membership.last_failover?.at === promotion.at) return file;
    const last = { at: promotion.at, term: promotion.term, acknowledged: false };
    return { ...file, membership: { ...file.membership, last_failover: last } };
  });
}
