/**
 * Asserted each tick, because each of them can be undone behind our back (SAFETY §2, §5): pg_hba lines and passwords on
 * every node, the passfile that primary_conninfo names, Redis replication, a fence.
 */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { completeRejoinWhenStreaming, needsRepair } from './complete-rejoin.ts';
import { keepMainsPromotions } from './follow-main.ts';
import { followMainRedis } from './follow-main-redis.ts';
import { enforceFence } from './meet-term.ts';
import { dropIdleSlots, keepSlotsOfMembers } from './keep-slots.ts';
import { attachedByCopy, configuredRole, hbaLinesFor, isAttached, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { receiverStreams } from './observe-replication.ts';
import { hasUnwrittenTimeline } from './own-promotions.ts';
import { keepUnseenPromotion } from './promotion-steps.ts';
import { completePromotion, promotingGateReason } from './record-promotion.ts';
import { standbySourceOf } from './standby-source-of.ts';

interface Assertion {
  readonly name: string;
  /** What is not so when it fails. */
  readonly otherwise: string;
  readonly work: () => Promise<void>;
}

const assertionNames = [
  'alone',
  'pg_hba',
  'promotion_record',
  'redis_promote',
  'replicator',
  'redis_replication',
  'redis_follow',
  'rejoin',
  'slots',
  'standby_source',
];

export async function assertCluster(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (context.lock.running() !== null) return;
  if (membership === null) await endRedisReplication(context);
  if (membership?.is_active !== true) return;
  if (membership.fence !== null) await enforceFence(context);
  const assertions = assertionsFor(context, membership);
  // What this role does not assert cannot be at fault: a notice must not outlive a change of role.
  const names = new Set(assertions.map((assertion) => assertion.name));
  for (const name of assertionNames) if (!names.has(name)) context.memory.standingFaults.delete(name);
  for (const assertion of assertions) await attempt(context, assertion);
}

/** A promotion whose record failed (the database went away in that moment) is recorded as soon as it can be (SAFETY §2). */
async function assertPromotionRecord(context: ClusterContext, membership: Membership): Promise<void> {
  const isUnseen = hasUnwrittenTimeline(context);
  const last = isUnseen ? await keepUnseenPromotion(context) : membership.promotions.at(-1);
  if (last?.node_id !== membership.node_id) return;
  const { gateShutBecause } = context.roles.view();
  const listed = await context.rows.listPromotions();
  const isRecorded = listed.some((promotion) => promotion.promotion_id === last.promotion_id);
  if (isRecorded && gateShutBecause !== promotingGateReason) return;
  const cause = {
    id: last.promotion_id,
    kind: 'emergency_promotion',
    actor: 'system',
    reason: null,
    started_at: last.at,
  } as const;
  await completePromotion(context, last, cause);
}

/** Redis was away when this server left: it comes back as a replica of a main that it no longer belongs to. */
async function endRedisReplication(context: ClusterContext): Promise<void> {
  const wasMember = context.nodeFile.get().ended_membership !== null;
  if (!wasMember || context.redis.view().follows === null) return;
  await attempt(context, {
    name: 'redis_follow',
    otherwise: 'Redis still follows the former main',
    work: () => context.redis.stopFollowing(),
  });
}

function assertionsFor(context: ClusterContext, membership: Membership): Assertion[] {
  const { state } = context.database.view();
  const isMain = configuredRole(membership) === 'main';
  const assertions: Assertion[] = [];
  const add = (name: string, otherwise: string, work: () => Promise<void>): void => {
    assertions.push({ name, otherwise, work });
  };
  if (state === 'recovery' || (isMain && state === 'writable')) {
    add('pg_hba', 'pg_hba.conf could not be kept', () =>
      context.replication.writeHbaBlock(hbaLinesFor(membership, context.own.databaseName)),
    );
  }
  if (isMain && state === 'writable') {
    add('promotion_record', 'The promotion is not recorded yet', () => assertPromotionRecord(context, membership));
    add('replicator', 'The replication login could not be kept', () =>
      context.replication.ensureReplicatorRole(membership.replication),
    );
    if (otherPeers(membership).length === 0) {
      add('alone', 'standby.signal could not be taken away', () => context.replication.keepStandbySignal(false));
    }
    add('slots', 'The slots of the other servers could not be kept', () => keepSlotsOfMembers(context, membership));
  }
  if (isMain) {
    add('redis_promote', 'Redis still follows another server', async () => {
      if (context.redis.view().follows !== null) await context.redis.stopFollowing();
    });
    add('redis_replication', 'The login of Redis replication could not be kept', () =>
      context.redis.ensureReplicationUser(membership.redis_replication),
    );
    return assertions;
  }
  add('redis_follow', 'Redis does not follow main', () => followMainRedis(context));
  if (state !== 'recovery') return assertions;
  if (needsRepair(membership)) {
    add('rejoin', 'The repair is not complete', () => completeRejoinWhenStreaming(context));
    return assertions;
  }
  add('standby_source', 'The way to main could not be kept', () => assertSource(context, membership));
  add('slots', 'Slots that nobody uses could not be dropped', async () => {
    await keepMainsPromotions(context);
    await dropIdleSlots(context, membership);
  });
  return assertions;
}

/** The very source that this server was found to be allowed to follow; a changed main is followMain's to judge. */
async function assertSource(context: ClusterContext, membership: Membership): Promise<void> {
  const { join_script: script } = context.nodeFile.get();
  if (script !== null && !script.finished) {
    // The panel may have been away when the script said that it was done; WAL that flows says the same.
    if (!receiverStreams(context.memory.positions)) return;
    await context.nodeFile.update((file) => {
      if (file.join_script === null || file.membership === null) return file;
      const attached = attachedByCopy(file.membership, file.join_script);
      const finished = { ...file.join_script, finished: true };
      return { ...file, join_script: finished, membership: { ...file.membership, attached } };
    });
    return;
  }
  const source = isAttached(membership) ? standbySourceOf(membership) : null;
  if (source !== null) await context.replication.setStandbySource(source);
}

async function attempt(context: ClusterContext, { name, otherwise, work }: Assertion): Promise<void> {
  try {
    await work();
    context.memory.standingFaults.delete(name);
  } catch (error) {
    if (!(error instanceof Fault)) context.log.error({ assertion: name, reason: messageOf(error) }, otherwise);
    context.memory.standingFaults.set(name, `${otherwise}: ${messageOf(error)}`);
  }
}
