/**
 * A server that was fenced under load may end in half a record and then loop on "ahead of the WAL flush position", or stop
 * with a PANIC (SAFETY §1, 2 of 58): main ends its own segment, and a server that stopped is started again.
 */
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole } from './membership.ts';
import { bootMs } from './sounds.ts';

/** It attached, and its receiver had time to connect. */
const stuckAfterMs = 3_000;
/** A PostgreSQL that stops later than that was stopped by somebody. */
const restartWithinMs = 120_000;
const maximumStarts = 3;
const startLimitMs = 20_000;

type Follower = Pick<PeerStatusReply, 'standing' | 'database_state'> & { readonly receiver_streaming: boolean | null };

/** Main: what a member said of itself, by heartbeat or probe. */
export async function noteFollower(context: ClusterContext, nodeId: number, said: Follower): Promise<void> {
  const { memory } = context;
  const { membership } = context.nodeFile.get();
  const mayStream = said.standing === 'following' && said.database_state === 'recovery';
  const isOurs = configuredRole(membership) === 'main' && context.database.view().state === 'writable';
  const seen = memory.stuckFollowers.get(nodeId);
  if (membership === null || !isOurs || !mayStream || said.receiver_streaming !== false) {
    // Kept for what it says of this promotion: a node that comes and goes is not helped a second time.
    if (seen !== undefined) memory.stuckFollowers.set(nodeId, { ...seen, sinceMs: Infinity });
    return;
  }
  const nowMs = bootMs(context);
  const sinceMs = seen === undefined || seen.sinceMs === Infinity ? nowMs : seen.sinceMs;
  const promotion = membership.promotions.at(-1)?.promotion_id ?? 'first';
  const switchedFor = seen?.switchedFor ?? null;
  memory.stuckFollowers.set(nodeId, { sinceMs, switchedFor });
  if (nowMs - sinceMs < stuckAfterMs || switchedFor === promotion) return;
  memory.stuckFollowers.set(nodeId, { sinceMs, switchedFor: promotion });
  context.log.warn({ node_id: nodeId }, 'a node may follow and does not stream: this segment of WAL is ended');
  try {
    await context.replication.switchWal();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ reason: error.message }, 'the segment of WAL could not be ended');
  }
}

/** Secondary, shortly after it attached: its PostgreSQL stopped by itself and can be started here. */
export async function startAfterPanic(context: ClusterContext): Promise<void> {
  const { memory, postgresControl: control } = context;
  const { membership, join_script: script } = context.nodeFile.get();
  const view = context.database.view();
  if (memory.followed === null || configuredRole(membership) !== 'secondary') return;
  if (view.state !== 'down' || !view.refused || context.lock.running() !== null) return;
  if (control.kind === null || control.kind === 'supervised' || (script !== null && !script.finished)) return;
  const { atMs, starts } = memory.followed;
  if (starts >= maximumStarts || bootMs(context) - atMs > restartWithinMs) return;
  memory.followed = { atMs, starts: starts + 1 };
  context.log.warn({ try: starts + 1 }, 'PostgreSQL stopped after it attached to main; it is started again');
  try {
    await control.start(AbortSignal.timeout(startLimitMs));
  } catch (error) {
    context.log.warn({ reason: messageOf(error) }, 'PostgreSQL could not be started');
  }
  await context.database.look();
}
