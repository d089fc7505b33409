/** This server and main have parted: kept read-only, and said with both sides' numbers (SAFETY §2, DESIGN §8). */
import type { Divergence, Promotion } from '@proxpanel/contracts/change-of-main';
import { formatLsn } from '@proxpanel/failover/lsn';
import type { FollowVerdict } from '@proxpanel/failover/promotion-history';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { idsOf, partingPromotion } from './mains-promotions.ts';
import type { Membership } from './node-file.ts';
import { recordEvent } from './record-event.ts';

export interface Parting {
  readonly own: readonly Promotion[];
  readonly mains: readonly Promotion[];
  readonly ownLastLsn: bigint;
  readonly verdict: Extract<FollowVerdict, { mayFollow: false }>;
}

export async function recordDivergence(context: ClusterContext, asked: Membership, parting: Parting): Promise<void> {
  const divergence = await describe(context, asked, parting);
  let isFirst = false;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    isFirst =
      membership?.divergence === null &&
      membership.main_node_id === asked.main_node_id &&
      membership.term === asked.term;
    return isFirst && membership !== null ? { ...file, membership: { ...membership, divergence } } : file;
  });
  if (!isFirst) return;
  const { at, rows_since_fork: rows, ...numbers } = divergence;
  await recordEvent(context, {
    type: 'node_diverged',
    actor: 'system',
    severity: 'critical',
    nodeId: asked.node_id,
    message: `"${asked.display_name}" does not follow main: ${divergence.reason} It stays read-only and keeps its rows until an admin has it repaired.`,
    details: { ...numbers, rows_since_fork: rows.filter(({ rows: count }) => count > 0), seen_at: at },
  });
}

async function describe(
  context: ClusterContext,
  membership: Membership,
  { own, mains, ownLastLsn, verdict }: Parting,
): Promise<Divergence> {
  const parting = partingPromotion(own, mains);
  const { bytesPastFork } = verdict;
  // Of a fork that nobody wrote down the list says nothing, or a later one.
  const isFromVerdict = verdict.code === 'past_fork' && bytesPastFork !== null;
  const forkLsn = isFromVerdict ? formatLsn(ownLastLsn - BigInt(bytesPastFork)) : parting?.fork_lsn;
  // When they parted is known of a promotion that was written down, and not of one that PostgreSQL alone knows.
  const partedAt = parting !== null && parting.fork_lsn === forkLsn ? new Date(parting.at) : null;
  return {
    at: new Date(context.clock.nowMs()).toISOString(),
    code: verdict.code,
    reason: verdict.reason,
    repair: verdict.repair,
    own_term: own.filter((each) => each.node_id === membership.node_id).at(-1)?.term ?? own.at(-1)?.term ?? 1,
    own_timeline: context.database.view().timeline,
    own_last_lsn: formatLsn(ownLastLsn),
    own_promotion_ids: idsOf(own),
    main_node_id: membership.main_node_id,
    main_term: membership.term,
    main_promotion_ids: idsOf(mains),
    fork_lsn: forkLsn ?? null,
    bytes_past_fork: bytesPastFork,
    rows_since_fork: partedAt === null ? [] : await countRows(context, partedAt),
  };
}

/** An estimate by clock; a database that is slow or away must not keep the divergence from being said. */
async function countRows(context: ClusterContext, since: Date): Promise<Divergence['rows_since_fork']> {
  try {
    return [...(await context.replication.countRowsSince(since))];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ reason: error.message }, 'the rows past the fork could not be counted');
    return [];
  }
}
