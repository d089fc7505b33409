/** The steps of an emergency promotion. Each may be run again after a restart in its middle and then ends the same. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '@proxpanel/contracts/operations';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { fenceMain } from './fence-main.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import {
  configuredRole,
  hbaLinesFor,
  otherPeers,
  ownPeer,
  requireMembership,
  slotNameOf,
  targetOf,
  withMain,
} from './membership.ts';
import type { Promotion } from './node-file.ts';
import { completePromotion, promotingGateReason } from './record-promotion.ts';
import type { StepResult } from './step-result.ts';

interface PromotionStep {
  readonly name: string;
  run(context: ClusterContext, operation: Operation): Promise<StepResult>;
}

const announceTimeoutMs = 5_000;
/** Replay of what was received comes first and may take minutes under a long lag; then it is a fault worth a human. */
const promoteLimitSeconds = 300;
const promotePauseMs = 1_000;

async function check(context: ClusterContext): Promise<StepResult> {
  const { blockers, forecast } = judgeOwnPromotion(context, true);
  const [blocker] = blockers;
  if (blocker !== undefined) throw new Fault('BLOCKED', blocker.sentence, { reasons: blockers });
  return { detail: forecast.sentence };
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
  const promotion = await promoteAndKeep(context);
  await context.database.look();
  return { detail: `Timeline ${String(promotion.timeline)} began at ${promotion.fork_lsn}.` };
}

async function promoteAndKeep(context: ClusterContext): Promise<Promotion> {
  const { timeline, forkLsn } = await promoteUntilDone(context);
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
  return promotion;
}

/** pg_promote cannot be taken back: giving up here would leave a writable server that nobody calls main. */
async function promoteUntilDone(context: ClusterContext): Promise<{ timeline: number; forkLsn: string }> {
  for (;;) {
    try {
      return await context.replication.promote(promoteLimitSeconds);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'DATABASE_DOWN') throw error;
      context.log.warn({ reason: error.message }, 'the promotion is waited for');
      await delay(promotePauseMs);
    }
  }
}

/** node.json names this server as main from here on; the gate stays shut until the promotion is recorded. */
async function keepPromotion(context: ClusterContext, promotion: Promotion): Promise<void> {
  context.roles.shutGate(promotingGateReason);
  await context.nodeFile.update((file) => {
    if (file.membership === null) return file;
    const next = withMain(file.membership, promotion.node_id, promotion.term);
    return { ...file, membership: { ...next, fence: null, promotions: [...next.promotions, promotion] } };
  });
}

async function writeRecord(context: ClusterContext, operation: Operation): Promise<StepResult> {
  const membership = requireMembership(context.nodeFile.get());
  const kept = membership.promotions.at(-1);
  const isKept = configuredRole(membership) === 'main' && kept?.node_id === membership.node_id;
  // Otherwise the BFF died between pg_promote and node.json: the database says what happened.
  const promotion = isKept ? kept : await promoteAndKeep(context);
  await completePromotion(context, promotion, operation);
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
