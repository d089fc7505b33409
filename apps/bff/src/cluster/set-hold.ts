/** An admin suspends automatic failover for a while, on any server; every server that knows of it waits (SAFETY §4). */
import type { Hold } from '@proxpanel/contracts/change-of-main';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, requireMembership, targetOf } from './membership.ts';
import { recordEvent } from './record-event.ts';
import { takeNotes } from './spread-notes.ts';

const longestMs = 7 * 24 * 3_600_000;
const pushTimeoutMs = 3_000;

/** INVALID_REQUEST when it ends in the past or later than in 7 days. Repeating it replaces the hold that is known. */
export async function setHold(
  context: ClusterContext,
  body: { readonly until: string; readonly reason: string },
  actor: string,
): Promise<Hold> {
  const nowMs = context.clock.nowMs();
  const untilMs = Date.parse(body.until);
  if (untilMs <= nowMs) throw new Fault('INVALID_REQUEST', 'The hold would end in the past.', { field: 'until' });
  if (untilMs > nowMs + longestMs) {
    throw new Fault('INVALID_REQUEST', 'A hold lasts at most 7 days; set it again when that is not enough.', {
      field: 'until',
    });
  }
  const hold = await spreadHold(context, { until: new Date(untilMs).toISOString(), actor, reason: body.reason });
  await recordEvent(context, {
    type: 'hold_set',
    actor,
    severity: 'warning',
    nodeId: requireMembership(context.nodeFile.get()).node_id,
    message: `${actor} holds automatic failover until ${hold.until}: ${hold.reason}`,
    details: { until: hold.until, reason: hold.reason },
  });
  return hold;
}

/** Ends the hold that is known, for everybody. Nothing to end: null, and nothing is written. */
export async function endHold(context: ClusterContext, actor: string): Promise<Hold | null> {
  const membership = requireMembership(context.nodeFile.get());
  const until = new Date(context.clock.nowMs()).toISOString();
  if (membership.hold === null || Date.parse(membership.hold.until) <= Date.parse(until)) return membership.hold;
  const hold = await spreadHold(context, { until, actor, reason: membership.hold.reason });
  await recordEvent(context, {
    type: 'hold_ended',
    actor,
    nodeId: membership.node_id,
    message: `${actor} ended the hold on automatic failover.`,
  });
  return hold;
}

/** On disk here before anyone hears of it; a peer that is away learns it by its next heartbeat or probe. */
async function spreadHold(context: ClusterContext, said: Omit<Hold, 'set_at'>): Promise<Hold> {
  const file = await context.nodeFile.update((current) => {
    const known = requireMembership(current);
    // Another server's clock may be ahead: what was said last must count as the newest all the same.
    const afterKnownMs = known.hold === null ? 0 : Date.parse(known.hold.set_at) + 1;
    const setAt = new Date(Math.max(context.clock.nowMs(), afterKnownMs)).toISOString();
    return { ...current, membership: { ...known, hold: { set_at: setAt, ...said } } };
  });
  const membership = requireMembership(file);
  const { hold } = membership;
  if (hold === null) throw new Error('The hold that was just written is gone.');
  await Promise.all(
    otherPeers(membership).map(async (peer) => {
      try {
        await context.peers.call('noteHold', targetOf(membership, peer), { hold }, { timeoutMs: pushTimeoutMs });
      } catch (error) {
        context.log.warn({ node_id: peer.node_id, reason: messageOf(error) }, 'was not told of the hold at once');
      }
    }),
  );
  return hold;
}

/** A hold that an admin has set on another server. */
export async function acceptHold(context: ClusterContext, hold: Hold): Promise<void> {
  requireMembership(context.nodeFile.get());
  await takeNotes(context, { hold, last_failover: null });
}
