/** Main takes a node out: row, slot, pg_hba, and a new secret (DESIGN §7, SAFETY §5). Repeatable. */
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import { Fault } from '../fault.ts';
import { requireStillMain, requireWritableMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { hbaLinesFor, otherPeers, removedKeyLifetimeMs, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { makeEvent } from './record-event.ts';
import { standDown } from './stand-down.ts';
import { refuseWhileWaiting, rotateLocked } from './rotate-secret.ts';

export interface RemoveReply {
  readonly ok: true;
  readonly sentence: string;
  readonly cluster_secret: string | null;
}

/** NODE_UNKNOWN for an id that never was; a node already removed is said to be so. BUSY while a rotation is under way. */
export async function removeNode(context: ClusterContext, nodeId: number, actor: string): Promise<RemoveReply> {
  return context.lock.run('the removal of a node', async () => {
    const membership = requireWritableMain(context);
    if (nodeId === membership.node_id) {
      throw new Fault('BLOCKED', 'Main cannot remove itself; promote a secondary first, or disband the cluster.');
    }
    const row = (await context.rows.listNodes()).find((node) => node.id === nodeId);
    if (row === undefined) throw new Fault('NODE_UNKNOWN', `There is no node ${String(nodeId)} in this cluster.`);
    // Cut off half-way before: still to be rotated, or the removed node would keep a secret that is good.
    const knows = membership.removed_nodes.some((node) => node.node_id === nodeId && node.secret === membership.secret);
    const already = row.removed_at !== null && !knows;
    refuseWhileWaiting(membership, nodeId);
    await takeOut(context, membership, row, {
      type: 'node_removed',
      actor,
      message: `${actor} removed "${row.display_name}".`,
    });
    if (already) return { ok: true, sentence: `"${row.display_name}" had been removed before.`, cluster_secret: null };
    // It knew the secret and the passwords; the others get new ones by their next heartbeat.
    const rotated = await rotateLocked(context, actor);
    const sentence = `"${row.display_name}" was removed: its slot is dropped, its pg_hba line closed, and the cluster secret replaced.`;
    return { ok: true, sentence, cluster_secret: rotated.secret };
  });
}

/** A secondary that says farewell is taken out the same way; its secret left with it by its own will. */
export async function acceptFarewell(
  context: ClusterContext,
  nodeId: number,
  callerNodeId: number | null,
): Promise<void> {
  if (callerNodeId !== nodeId) throw new Fault('BAD_TOKEN', 'A server may say farewell only for itself.');
  await context.lock.run('the farewell of a node', async () => {
    const membership = requireWritableMain(context);
    const row = (await context.rows.listNodes()).find((node) => node.id === nodeId);
    if (row === undefined) throw new Fault('NODE_UNKNOWN', 'This cluster does not know the node.');
    const message = `"${row.display_name}" left the cluster.`;
    await takeOut(context, membership, row, { type: 'node_left', actor: row.display_name, message });
  });
}

async function takeOut(
  context: ClusterContext,
  asked: Membership,
  row: ClusterNodeRow,
  event: { type: 'node_removed' | 'node_left'; actor: string; message: string },
): Promise<void> {
  const nowMs = context.clock.nowMs();
  if (row.removed_at === null) {
    await context.rows.transaction(async (rows) => {
      await rows.patchNode(row.id, { status: 'removed', removed_at: new Date(nowMs).toISOString() });
      await rows.appendEvents([makeEvent(context.clock, { ...event, nodeId: row.id, severity: 'warning' })]);
    });
  }
  const next = await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership === null) return file;
    requireStillMain(context, asked);
    const until = new Date(nowMs + removedKeyLifetimeMs).toISOString();
    const others = membership.removed_nodes.filter(
      (removed) => removed.node_id !== row.id && Date.parse(removed.until) > nowMs,
    );
    const known = membership.removed_nodes.find((removed) => removed.node_id === row.id);
    const previous = membership.previous_secret;
    const waiting = previous?.waiting_node_ids.filter((id) => id !== row.id) ?? [];
    return {
      ...file,
      membership: {
        ...membership,
        peers: membership.peers.filter((peer) => peer.node_id !== row.id),
        previous_secret: previous === null || waiting.length === 0 ? null : { ...previous, waiting_node_ids: waiting },
        // The key that the node knew when it went, also when it is removed once more.
        removed_nodes: [...others, known ?? { node_id: row.id, secret: membership.secret, until }],
      },
    };
  });
  await context.replication.dropSlot(row.slot_name ?? slotNameOf(row.id));
  if (next.membership !== null)
    await context.replication.writeHbaBlock(hbaLinesFor(next.membership, context.own.databaseName));
  context.memory.heartbeats.delete(row.id);
  context.memory.probes.delete(row.id);
  if (next.membership !== null && otherPeers(next.membership).length === 0) await standDown(context);
}
