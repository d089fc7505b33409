/** The steps that every promotion shares (SAFETY §3 "Promotion itself"); which of them run says the plan. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { fenceMain } from './fence-main.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import { makeSlotsOfOthers } from './keep-slots.ts';
import {
  configuredRole,
  hbaLinesFor,
  otherPeers,
  ownPeer,
  requireMembership,
  targetOf,
  withMain,
} from './membership.ts';
import { makeListWhole, ownForks, ownPromotions } from './own-promotions.ts';
import { completePromotion, promotingGateReason } from './record-promotion.ts';
import { Overtaken, type RunStep, type StepTable } from './step-result.ts';
import { takeLeaseStep } from './take-lease-step.ts';

const announceTimeoutMs = 5_000;
const promoteLimitSeconds = 300;
const promotePauseMs = 1_000;

const check: RunStep = (context) => {
  const { blockers, forecast } = judgeOwnPromotion(context, true);
  const [blocker] = blockers;
  if (blocker !== undefined) throw new Fault('BLOCKED', blocker.sentence, { reasons: blockers });
  return Promise.resolve({ detail: forecast.sentence });
};

export const prepareCandidate: RunStep = async (context) => {
  const membership = requireMembership(context.nodeFile.get());
  if (context.database.view().state !== 'recovery') return { detail: 'Already out of recovery.', skipped: true };
  const others = otherPeers(membership);
  await makeReadyForOthers(context);
  await context.replication.prepareCandidate();
  return { detail: `Slots for ${String(others.length)} other server(s) are ready; readers were ended.` };
};

/** Before the promotion: a slot made after it would miss the WAL in between (SAFETY §2). Changes nothing that is in use. */
export async function makeReadyForOthers(context: ClusterContext): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await makeSlotsOfOthers(context, membership);
  await context.replication.writeHbaBlock(hbaLinesFor(membership, context.own.databaseName));
}

const promoteDatabase: RunStep = async (context) => {
  const view = await context.database.look();
  if (view.state === 'writable') return { detail: 'The database is out of recovery.', skipped: true };
  const promotion = await promoteAndKeep(context);
  await context.database.look();
  return { detail: `Timeline ${String(promotion.timeline)} began at ${promotion.fork_lsn}.` };
};

/**
 * pg_promote, and the promotion with a new id in node.json before anything else is written. Repeatable. Overtaken when a
 * higher term was met meanwhile.
 */
export async function promoteAndKeep(context: ClusterContext): Promise<Promotion> {
  const { term } = requireMembership(context.nodeFile.get());
  const fork = await promoteUntilDone(context);
  if (requireMembership(context.nodeFile.get()).term > term) {
    // pg_promote may take minutes; whoever has become main meanwhile stays it, and what is writable here is shut again.
    context.roles.shutGate(promotingGateReason);
    throw new Overtaken('A newer main was met while the database was being promoted.');
  }
  return keepNewPromotion(context, fork);
}

/** What pg_promote has returned gets its id, and this server is main by node.json. */
export async function keepNewPromotion(
  context: ClusterContext,
  { timeline, forkLsn }: { readonly timeline: number; readonly forkLsn: string },
): Promise<Promotion> {
  const promotion = newPromotion(context, timeline, forkLsn);
  await keepPromotion(context, promotion);
  return promotion;
}

function newPromotion(context: ClusterContext, timeline: number, forkLsn: string): Promotion {
  const membership = requireMembership(context.nodeFile.get());
  return {
    promotion_id: randomUUID(),
    term: membership.term,
    timeline,
    fork_lsn: forkLsn,
    node_id: membership.node_id,
    at: new Date(context.clock.nowMs()).toISOString(),
  };
}

/**
 * A timeline that main's database is on, and that nobody wrote down, gets its promotion in node.json. It promotes nothing,
 * and takes no fence away: a database that is in recovery by now refuses to be asked. undefined: there is nothing to keep.
 *
 * @throws Fault of the database.
 */
export async function keepUnseenPromotion(context: ClusterContext): Promise<Promotion | undefined> {
  const { term } = requireMembership(context.nodeFile.get());
  const { timeline, forks } = await context.replication.timelineHistory();
  const forkLsn = forks?.at(-1)?.left_at_lsn;
  if (forkLsn === undefined) return undefined;
  const promotion = newPromotion(context, timeline, forkLsn);
  const others = ownPromotions(context);
  let kept: Promotion | undefined;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    const isMainAsBefore = configuredRole(membership) === 'main' && membership?.term === term;
    kept = undefined;
    if (!isMainAsBefore || membership.fence !== null || others.some((each) => each.timeline >= timeline)) return file;
    kept = promotion;
    return { ...file, membership: { ...membership, promotions: [...others, promotion] } };
  });
  return kept;
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
  const others = ownPromotions(context);
  await context.nodeFile.update((file) => {
    if (file.membership === null) return file;
    const next = withMain(file.membership, promotion.node_id, promotion.term);
    const promotions = [...others, promotion];
    return { ...file, membership: { ...next, fence: null, divergence: null, handover: null, promotions } };
  });
}

export const recordPromotion: RunStep = async (context, operation) => {
  const membership = requireMembership(context.nodeFile.get());
  const kept = membership.promotions.at(-1);
  const { timeline, state } = await context.database.look();
  if (state === 'recovery') throw new Overtaken('The database was shut again before its promotion was recorded.');
  const isKept =
    configuredRole(membership) === 'main' && kept?.node_id === membership.node_id && kept.timeline === timeline;
  // Otherwise the BFF died between pg_promote and node.json: the database says what happened.
  const promotion = isKept ? kept : await promoteAndKeep(context);
  await completePromotion(context, promotion, operation);
  return { detail: `Term ${String(promotion.term)} is recorded.` };
};

const checkpoint: RunStep = async (context) => {
  await context.replication.checkpoint();
  return { detail: 'The first checkpoint of the new timeline is done.' };
};

const promoteRedis: RunStep = async (context) => {
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
};

/** After a restart of the panel nothing has been read yet, and a list with a gap would make the others call themselves diverged. */
const announce: RunStep = async (context) => {
  if (!(await makeListWhole(context)))
    throw new Fault(
      'DATABASE_DOWN',
      'The promotions could not be read; the other servers hear of them by their probes.',
    );
  const file = context.nodeFile.get();
  const membership = requireMembership(file);
  const promotionId = membership.promotions.at(-1)?.promotion_id ?? null;
  const self = ownPeer(file, membership, context.own, 'main');
  const promotions = ownPromotions(context);
  const timeline = membership.promotions.at(-1)?.timeline ?? null;
  const body = {
    term: membership.term,
    main: self,
    promotion_id: promotionId,
    promotions,
    timeline,
    forks: ownForks(context),
  };
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
};

export const promotionSteps: StepTable = {
  check,
  fence_main: fenceMain,
  take_lease: takeLeaseStep,
  prepare_candidate: prepareCandidate,
  promote_database: promoteDatabase,
  record_promotion: recordPromotion,
  checkpoint,
  promote_redis: promoteRedis,
  announce,
};
