/** The end of a repair: what kept this old main from following is forgotten once its data prove to be main's (SAFETY §2). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { idsOf, mainsPromotionsOf } from './mains-promotions.ts';
import { isRejoinScript } from './make-script.ts';
import { attachedTo, mainPeer, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { receiverStreams } from './observe-replication.ts';
import { recordEvent } from './record-event.ts';

/** Whether this server waits for its repair. */
export function needsRepair(membership: Membership): boolean {
  return membership.fence !== null || membership.divergence !== null;
}

/** Each tick: the panel may have been away when rejoin.sh said that it was done; WAL that flows says the same. */
export async function completeRejoinWhenStreaming(context: ClusterContext): Promise<void> {
  const { join_script: script } = context.nodeFile.get();
  if (script === null || !isRejoinScript(script) || !receiverStreams(context.memory.positions)) return;
  await completeRejoin(context);
}

/**
 * Does nothing on a server that needs no repair. May be repeated.
 *
 * @throws Fault BLOCKED while this database does not hold main's promotions: streaming alone proves nothing (a diverged
 * server was seen to stream, SAFETY §2). A Fault of the database while it is away.
 */
export async function completeRejoin(context: ClusterContext): Promise<void> {
  const before = context.nodeFile.get().membership;
  if (before === null || !needsRepair(before)) return;
  const rows = await context.rows.listPromotions();
  if (context.database.view().state !== 'recovery' || !areMains(context, before, idsOf(rows))) {
    throw new Fault(
      'BLOCKED',
      "This server's data do not hold main's promotion (yet), so it is not taken for main's replica.",
    );
  }
  let isFirst = false;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    isFirst = membership !== null && needsRepair(membership);
    if (membership === null || !isFirst) return file;
    const repaired: Membership = {
      ...membership,
      fence: null,
      divergence: null,
      attached: attachedTo(membership),
      promotions: rows,
      slot_name: slotNameOf(membership.node_id),
    };
    const script = file.join_script === null ? null : { ...file.join_script, finished: true };
    return { ...file, membership: repaired, join_script: script };
  });
  if (!isFirst) return;
  // Only what the fence shut: an operation that runs has its own reason, and opens the gate itself.
  if (context.roles.view().gateShutBecause === before.fence?.reason) context.roles.openGate();
  context.memory.standingFaults.delete('fence');
  await recordEvent(context, {
    type: 'rejoin_completed',
    actor: 'system',
    nodeId: before.node_id,
    message: `"${before.display_name}" follows "${mainPeer(before)?.display_name ?? 'main'}" again; what only it held is in its old data directory.`,
    details: {
      bytes_past_fork: before.divergence?.bytes_past_fork ?? null,
      fork_lsn: before.divergence?.fork_lsn ?? null,
    },
  });
}

/**
 * Main's promotion is its first write, so that only data which came from main hold its row. Main's own word counts; before
 * that came, what it was when the divergence was seen.
 */
function areMains(context: ClusterContext, membership: Membership, held: readonly string[]): boolean {
  const said = mainsPromotionsOf(context, membership);
  const wanted = said === null ? (membership.divergence?.main_promotion_ids ?? []) : idsOf(said);
  return wanted.length > 0 && wanted.every((id) => held.includes(id)) && held.length === wanted.length;
}
