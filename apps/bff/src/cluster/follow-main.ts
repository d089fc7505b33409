/**
 * Who may follow whom (SAFETY §2): a node whose main changed attaches by itself only when the promotions of both sides and
 * its own last LSN allow it. Equal timeline numbers prove nothing, and neither does WAL that flows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import {
  comparePromotionHistories,
  type CurrentTimelines,
  type FollowVerdict,
} from '@proxpanel/failover/promotion-history';
import { parseLsn } from '@proxpanel/failover/lsn';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { followMainRedis } from './follow-main-redis.ts';
import { markSlotsOfFormerReign } from './keep-slots.ts';
import { haveSamePromotions, mainsPromotionsOf, mainsPromotionsSince, promotionRecords } from './mains-promotions.ts';
import { isRejoinScript } from './make-script.ts';
import { attachedTo, configuredRole, isAttached, mainPeer, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { ownPromotions, readPromotionRows } from './own-promotions.ts';
import { probePeer } from './probe-peers.ts';
import { recordDivergence } from './record-divergence.ts';
import { recordEvent } from './record-event.ts';
import { bootMs } from './sounds.ts';
import type { TimelineHistory } from './postgres-ports.ts';
import { standbySourceOf } from './standby-source-of.ts';

/** A long replay is waited for over several attempts: main may change again meanwhile. */
const endOfWalLimitMs = 60_000;
const receiverEndsWithinMs = 10_000;
const pollMs = 20;

/** `not_yet`: something is still to be known, replayed or done; ask again. */
export type FollowState = 'not_yet' | 'attached' | 'diverged';

const following = new WeakMap<ClusterContext, Promise<FollowState>>();

/**
 * Attaches this secondary to its main if it may; otherwise records why not. Does nothing on a node that is attached.
 * May be repeated; several callers at once wait for one attempt.
 *
 * @throws Fault of the database or of node.json; the attempt then counts as `not_yet`.
 */
export function followMain(context: ClusterContext, signal: AbortSignal): Promise<FollowState> {
  const running = following.get(context);
  if (running !== undefined) return running;
  const begun = followOnce(context, signal).finally(() => following.delete(context));
  following.set(context, begun);
  return begun;
}

async function followOnce(context: ClusterContext, signal: AbortSignal): Promise<FollowState> {
  const { membership } = context.nodeFile.get();
  if (membership === null || !mayBeAsked(context, membership)) return 'not_yet';
  if (isAttached(membership)) return 'attached';
  if (membership.divergence !== null) return 'diverged';
  const mains = mainsPromotionsOf(context, membership);
  if (mains === null) return 'not_yet';
  let history = await seePromotions(context);
  if (history === null) return 'not_yet';
  // The same promotions on both sides: streaming itself compares the positions, and the end need not be waited for.
  const isSame = haveSamePromotions(ownPromotions(context), mains);
  if (isSame && judge(context, mains, 0n, history).mayFollow) return attach(context, membership);
  const ownLastLsn = await lastLsn(context, signal);
  const endedMs = bootMs(context);
  // The last records to be replayed may have told of another promotion.
  history = await seePromotions(context);
  if (history === null) return 'not_yet';
  if (judge(context, mains, ownLastLsn, history).mayFollow) return attach(context, membership);
  // And main, whose WAL may have flowed until now, of one that is newer than its list.
  const main = mainPeer(membership);
  if (main !== null) await probePeer(context, membership, main, signal);
  const newest = mainsPromotionsSince(context, membership, endedMs);
  if (newest === null) return 'not_yet';
  const verdict = judge(context, newest, ownLastLsn, history);
  if (verdict.mayFollow) return attach(context, membership);
  await recordDivergence(context, membership, { own: ownPromotions(context), mains: newest, ownLastLsn, verdict });
  return 'diverged';
}

function judge(
  context: ClusterContext,
  mains: readonly Promotion[],
  ownLastLsn: bigint,
  history: TimelineHistory,
): FollowVerdict {
  const own = promotionRecords(ownPromotions(context));
  return comparePromotionHistories(own, promotionRecords(mains), ownLastLsn, currentTimelines(context, history));
}

/** null: they could not be read, and a list that may lack what the database has come through judges nobody. */
async function seePromotions(context: ClusterContext): Promise<TimelineHistory | null> {
  const [wereRead, history] = await Promise.all([
    readPromotionRows(context),
    context.replication.receivedHistory(),
    context.database.look(),
  ]);
  return wereRead ? history : null;
}

/** A promotion that was cut off before it was written down shows in the timelines alone. */
function currentTimelines({ database, memory }: ClusterContext, received: TimelineHistory): CurrentTimelines | null {
  const { timeline: own } = database.view();
  if (own === null) return null;
  const { timeline: mains = null, forks = [] } = memory.mainsPromotions ?? {};
  const ownHistory = { timeline: received.timeline, forks: asForks(received.forks ?? []) };
  return { own, mains, mainsForks: asForks(forks), ownHistory };
}

function asForks(lines: TimelineHistory['forks'] & object): CurrentTimelines['mainsForks'] {
  return lines.map(({ timeline, left_at_lsn: lsn }) => ({ timeline, leftAtLsn: parseLsn(lsn) }));
}

function mayBeAsked(context: ClusterContext, membership: Membership): boolean {
  const { join_script: script } = context.nodeFile.get();
  if (configuredRole(membership) !== 'secondary' || context.database.view().state !== 'recovery') return false;
  if (membership.handover?.side === 'candidate' && ['asked', 'granted'].includes(membership.handover.state))
    return false;
  // A repair that nobody has begun must not keep a server away that may follow as it is.
  if (script !== null) return script.finished || (isRejoinScript(script) && script.phases.length === 0);
  // Joined, and its script was never made: this database is not a copy of main's. One that has been main has no slot.
  return membership.slot_name === null || membership.attached !== null;
}

/**
 * The end of this server's WAL, with nobody sending it any more: a source that still writes would move it after it was
 * compared.
 */
async function lastLsn(context: ClusterContext, signal: AbortSignal): Promise<bigint> {
  await context.replication.clearStandbySource();
  const deadlineMs = performance.now() + receiverEndsWithinMs;
  while ((await context.replication.positions()).receiver !== null) {
    if (performance.now() > deadlineMs)
      throw new Fault('BUSY', 'The WAL receiver of the former main has not ended yet.');
    await delay(pollMs, undefined, { signal });
  }
  return context.replication.endOfWal(AbortSignal.any([signal, AbortSignal.timeout(endOfWalLimitMs)]));
}

async function attach(context: ClusterContext, asked: Membership): Promise<FollowState> {
  let attached: Membership | null = null;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    const isSame = membership?.main_node_id === asked.main_node_id && membership.term === asked.term;
    attached = null;
    // Main changed, or this server was promoted, while it was being judged.
    if (membership === null || !isSame || !mayBeAsked(context, membership)) return file;
    attached = {
      ...membership,
      attached: attachedTo(membership),
      slot_name: slotNameOf(membership.node_id),
      fence: null,
    };
    return { ...file, membership: attached };
  });
  const source = attached === null ? null : standbySourceOf(attached);
  if (source === null) return 'not_yet';
  await markSlotsOfFormerReign(context);
  context.memory.followed = { atMs: bootMs(context), starts: 0 };
  context.memory.standingFaults.delete('fence');
  // Only what the fence shut: an operation that runs has its own reason, and opens the gate itself.
  if (asked.fence !== null && context.roles.view().gateShutBecause === asked.fence.reason) context.roles.openGate();
  await context.replication.setStandbySource(source);
  await followMainRedis(context).catch((error: unknown) => {
    // The loop tries again each tick; a main's Redis that restarted empty is refused there as well (SAFETY §2).
    context.memory.standingFaults.set('redis_follow', `Redis does not follow main yet: ${messageOf(error)}`);
  });
  if (asked.fence !== null) await tellReturn(context, asked);
  return 'attached';
}

async function tellReturn(context: ClusterContext, before: Membership): Promise<void> {
  await recordEvent(context, {
    type: 'rejoin_completed',
    actor: 'system',
    nodeId: before.node_id,
    message: `"${before.display_name}" follows "${mainPeer(before)?.display_name ?? 'main'}" again by itself: it held nothing that main does not have.`,
    details: { bytes_past_fork: 0, term: before.term },
  });
}

/**
 * Once main's promotions have arrived by replication, node.json holds the same list: what a former reign left there
 * beyond it is over.
 */
export async function keepMainsPromotions(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null || !isAttached(membership) || configuredRole(membership) !== 'secondary') return;
  const mains = mainsPromotionsOf(context, membership);
  if (mains === null || haveSamePromotions(membership.promotions, mains)) return;
  await readPromotionRows(context);
  const rows = context.memory.promotionRows ?? [];
  if (!mains.every(({ promotion_id: id }) => rows.some((row) => row.promotion_id === id))) return;
  const promotions: Promotion[] = [...mains];
  await context.nodeFile.update((file) => {
    const now = file.membership;
    if (now === null || !isAttached(now) || now.term !== membership.term) return file;
    return { ...file, membership: { ...now, promotions } };
  });
}
