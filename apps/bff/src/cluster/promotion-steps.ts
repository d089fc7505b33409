/** The steps of an emergency promotion. Each may be run again after a restart in its middle and then ends the same. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '@proxpanel/contracts/operations';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import {
  configuredRole,
  hbaLinesFor,
  mainPeer,
  otherPeers,
  ownPeer,
  requireMembership,
  slotNameOf,
  targetOf,
  withMain,
} from './membership.ts';
import type { Promotion } from './node-file.ts';
import { observeReplication, receiverStreams } from './observe-replication.ts';
import { recordPromotion } from './record-promotion.ts';

export interface StepResult {
  readonly detail: string;
  readonly skipped?: boolean;
}

interface PromotionStep {
  readonly name: string;
  run(context: ClusterContext, operation: Operation): Promise<StepResult>;
}

const announceTimeoutMs = 5_000;
/** The old main answers an announcement only once its database is in recovery, which takes seconds on a large one. */
const fenceTimeoutMs = 20_000;
const walPollMs = 250;
/** The receiver notices its time-out by waking up now and then. */
const walMarginMs = 1_000;
/** Replay of what was received comes first and may take minutes under a long lag; then it is a fault worth a human. */
const promoteLimitSeconds = 300;

async function check(context: ClusterContext): Promise<StepResult> {
  const { blockers, forecast } = judgeOwnPromotion(context, true);
  const [blocker] = blockers;
  if (blocker !== undefined) throw new Fault('BLOCKED', blocker.sentence, { reasons: blockers });
  return { detail: forecast.sentence };
}

/**
 * A main that still answers is shut before there can be a second one. The term is on disk before it is said. One that
 * cannot be shut, or that is silent while its WAL flows, may still take writes: nobody is promoted beside it (SAFETY §6).
 */
async function fenceMain(context: ClusterContext): Promise<StepResult> {
  const membership = requireMembership(context.nodeFile.get());
  const main = mainPeer(membership);
  const term = (await claimTerm(context)).term;
  if (main === null || main.node_id === membership.node_id) return { detail: 'There is no other main.', skipped: true };
  const self = ownPeer(context.nodeFile.get(), membership, context.own, 'main');
  const body = { term, main: self, promotion_id: null };
  const askedMs = performance.now();
  const reply = await context.peers
    .call('announce', targetOf(membership, main), body, { timeoutMs: fenceTimeoutMs })
    .catch((error: unknown) => messageOf(error));
  if (typeof reply !== 'string') {
    if (reply.body.writes_shut) return { detail: `"${main.display_name}" answered and has shut its writes.` };
    throw new Fault(
      'BLOCKED',
      `"${main.display_name}" answered but could not shut its writes; its own page says why. Stop PostgreSQL there, then promote again.`,
    );
  }
  if (await walStillFlows(context, askedMs)) {
    throw new Fault(
      'BLOCKED',
      `"${main.display_name}" did not answer (${reply}), but its database still sends WAL and may take writes. Stop PostgreSQL there, then promote again.`,
    );
  }
  // Main is lost: that is what an emergency promotion is for. Terms shut it when it comes back.
  return { detail: `"${main.display_name}" did not answer: ${reply}`, skipped: true };
}

/** A host that died without a word looks alive until the receiver's time-out has passed since it was asked: so long is waited. */
async function walStillFlows(context: ClusterContext, askedMs: number): Promise<boolean> {
  const deadlineMs = askedMs + context.own.walTimeoutMs + walMarginMs;
  while (receiverStreams(await observeReplication(context))) {
    if (performance.now() >= deadlineMs) return true;
    await delay(walPollMs);
  }
  return false;
}

/** The new term, kept in node.json under the promotion's id before anyone hears of it, so that it is never given twice from here. */
async function claimTerm(context: ClusterContext): Promise<{ term: number }> {
  const file = await context.nodeFile.update((current) => {
    const { membership } = current;
    if (membership === null || membership.main_node_id === membership.node_id) return current;
    const claimed = membership.promotions.at(-1);
    if (claimed?.node_id === membership.node_id && claimed.term === membership.term) return current;
    return { ...current, membership: { ...membership, term: membership.term + 1 } };
  });
  return { term: requireMembership(file).term };
}

async function prepareCandidate(context: ClusterContext): Promise<StepResult> {
  const membership = requireMembership(context.nodeFile.get());
  if (context.database.view().state !== 'recovery') return { detail: 'Already out of recovery.', skipped: true };
  const others = otherPeers(membership);
  // Before the promotion: a slot made after it would miss the WAL in between (SAFETY §2).
  for (const peer of others) await context.replication.createSlot(slotNameOf(peer.node_id));
  await context.replication.writeHbaBlock(hbaLinesFor(membership));
  await context.replication.prepareCandidate();
  return { detail: `Slots for ${String(others.length)} other server(s) are ready; readers were ended.` };
}

async function promoteDatabase(context: ClusterContext): Promise<StepResult> {
  const view = await context.database.look();
  if (view.state === 'writable') return { detail: 'The database is out of recovery.', skipped: true };
  const { timeline, forkLsn } = await context.replication.promote(promoteLimitSeconds);
  const membership = requireMembership(context.nodeFile.get());
  const promotion: Promotion = {
    promotion_id: randomUUID(),
    term: membership.term,
    timeline,
    fork_lsn: forkLsn,
    node_id: membership.node_id,
    at: new Date(context.clock.nowMs()).toISOString(),
  };
  await keepPromotion(context, promotion);
  await context.database.look();
  return { detail: `Timeline ${String(timeline)} began at ${forkLsn}.` };
}

/** node.json names this server as main from here on. */
async function keepPromotion(context: ClusterContext, promotion: Promotion): Promise<void> {
  await context.nodeFile.update((file) => {
    if (file.membership === null) return file;
    const next = withMain(file.membership, promotion.node_id, promotion.term);
    return { ...file, membership: { ...next, fence: null, promotions: [...next.promotions, promotion] } };
  });
  context.roles.openGate();
}

async function writeRecord(context: ClusterContext, operation: Operation): Promise<StepResult> {
  const membership = requireMembership(context.nodeFile.get());
  let promotion = membership.promotions.at(-1);
  if (configuredRole(membership) !== 'main' || promotion?.node_id !== membership.node_id) {
    // The BFF died between pg_promote and node.json: the database says what happened.
    const { timeline, forkLsn } = await context.replication.promote(promoteLimitSeconds);
    promotion = {
      promotion_id: randomUUID(),
      term: membership.term,
      timeline,
      fork_lsn: forkLsn,
      node_id: membership.node_id,
      at: new Date(context.clock.nowMs()).toISOString(),
    };
    await keepPromotion(context, promotion);
  }
  await context.replication.restoreAfterPromotion();
  // A main keeps them empty: after a crash it must not follow anyone by what it remembers (SAFETY §1).
  await context.replication.clearStandbySource();
  await recordPromotion(context, promotion, operation);
  return { detail: `Term ${String(promotion.term)} is recorded.` };
}

async function checkpoint(context: ClusterContext): Promise<StepResult> {
  await context.replication.checkpoint();
  return { detail: 'The first checkpoint of the new timeline is done.' };
}

async function promoteRedis(context: ClusterContext): Promise<StepResult> {
  try {
    await context.redis.stopFollowing();
    const { redis_replication: login } = requireMembership(context.nodeFile.get());
    await context.redis.ensureReplicationUser(login);
    return { detail: 'Redis follows nobody and accepts writes.' };
  } catch (error) {
    // The database is what must not wait; the loop asserts Redis again each tick.
    context.memory.standingFaults.set('redis_promote', `Redis could not be promoted: ${messageOf(error)}`);
    return { detail: `Redis did not answer: ${messageOf(error)}`, skipped: true };
  }
}

async function announce(context: ClusterContext): Promise<StepResult> {
  const file = context.nodeFile.get();
  const membership = requireMembership(file);
  const promotionId = membership.promotions.at(-1)?.promotion_id ?? null;
  const self = ownPeer(file, membership, context.own, 'main');
  const body = { term: membership.term, main: self, promotion_id: promotionId };
  const told = await Promise.all(
    otherPeers(membership).map(async (peer) => {
      try {
        await context.peers.call('announce', targetOf(membership, peer), body, { timeoutMs: announceTimeoutMs });
        return `"${peer.display_name}" knows.`;
      } catch (error) {
        // Not lost: every probe carries the term, so a server that comes back meets it at once.
        return `"${peer.display_name}" was not reached (${messageOf(error)})`;
      }
    }),
  );
  return { detail: told.length === 0 ? 'There is no other server.' : told.join(' ') };
}

export const promotionSteps: readonly PromotionStep[] = [
  { name: 'check', run: check },
  { name: 'fence_main', run: fenceMain },
  { name: 'prepare_candidate', run: prepareCandidate },
  { name: 'promote_database', run: promoteDatabase },
  { name: 'record_promotion', run: writeRecord },
  { name: 'checkpoint', run: checkpoint },
  { name: 'promote_redis', run: promoteRedis },
  { name: 'announce', run: announce },
];
