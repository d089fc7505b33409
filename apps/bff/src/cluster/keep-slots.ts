/** Slots where they are needed and nowhere else: one that nobody reads pins WAL for ever (SAFETY §2). */
import type { ClusterContext } from './cluster-context.ts';
import type { ClusterMemory } from './cluster-memory.ts';
import { isAttached, otherPeers, peerById, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { receiverStreams } from './observe-replication.ts';
import { bootMs } from './sounds.ts';

/** A candidate makes the others' slots before main is shut; a change of main takes less from there to its grant. */
const graceMs = 120_000;
/** Slots of a former reign: all that were there when this server attached. */
const ownName = /^replica_\d+$/;

type SlotKeeping = Pick<ClusterContext, 'clock' | 'lock' | 'memory' | 'replication'>;

/** The drop that is under way. */
const drops = new WeakMap<ClusterMemory, Promise<void>>();

/** Main: one for every member, so that a rejoin, or one that comes back, finds its own. */
export async function keepSlotsOfMembers(context: ClusterContext, membership: Membership): Promise<void> {
  const { slots } = await context.replication.positions();
  const known = new Set(slots.map((slot) => slot.name));
  for (const peer of otherPeers(membership)) {
    const name = slotNameOf(peer.node_id);
    if (known.has(name)) continue;
    await context.replication.createSlot(name);
    // A removal strikes the member out first and drops its slot then: one that was made after that drop is in nobody's hands.
    if (!isMember(context, peer.node_id)) await context.replication.dropSlot(name);
  }
}

function isMember(context: ClusterContext, nodeId: number): boolean {
  const { membership } = context.nodeFile.get();
  return membership !== null && peerById(membership, nodeId) !== null;
}

/**
 * Candidate: one for every other member, while main still takes writes. One that is left from a reign of its own serves as
 * well, if only it is not dropped as idle a moment later: the old main would find none, and WAL would not be kept for it.
 */
export async function makeSlotsOfOthers(context: SlotKeeping, membership: Membership): Promise<void> {
  const names = otherPeers(membership).map((peer) => slotNameOf(peer.node_id));
  for (const name of names) context.memory.idleSlots.set(name, bootMs(context));
  await drops.get(context.memory);
  for (const name of names) await context.replication.createSlot(name);
}

/**
 * Secondary: what it kept as main, and what it made as a candidate and never used. Nothing is dropped while this server
 * may still become main again without asking (fenced, diverged), or while a change of main runs.
 */
export async function dropIdleSlots(context: SlotKeeping, membership: Membership): Promise<void> {
  const { memory } = context;
  const isOpen = ['shutting', 'asked', 'granted'].includes(membership.handover?.state ?? '');
  if (!isAttached(membership) || isOpen || !receiverStreams(memory.positions)) return;
  const { slots } = await context.replication.positions();
  const idle = slots.filter((slot) => ownName.test(slot.name) && !slot.active);
  for (const name of memory.idleSlots.keys()) {
    if (!idle.some((slot) => slot.name === name)) memory.idleSlots.delete(name);
  }
  const nowMs = bootMs(context);
  for (const { name } of idle) {
    const sinceMs = memory.idleSlots.get(name) ?? nowMs;
    memory.idleSlots.set(name, sinceMs);
    if (nowMs - sinceMs < graceMs || context.lock.running() !== null) continue;
    memory.idleSlots.delete(name);
    const drop = context.replication.dropSlot(name);
    // Whoever waits for it then makes the slot, whether it was dropped or not; that it failed is the tick's to say.
    drops.set(
      memory,
      drop.catch(() => undefined),
    );
    await drop;
  }
}

/** Called when this server attaches: what lies here is of the reign that has ended, and needs no grace. */
export async function markSlotsOfFormerReign(context: SlotKeeping): Promise<void> {
  const { slots } = await context.replication.positions();
  for (const { name } of slots) if (ownName.test(name)) context.memory.idleSlots.set(name, -Infinity);
}
