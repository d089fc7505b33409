/** This server's whole list of promotions: its database's rows, and what node.json holds beyond them (SAFETY §2). */
import type { Promotion, TimelineFork } from '@proxpanel/contracts/change-of-main';
import type { ClusterContext } from './cluster-context.ts';
import { Fault } from '../fault.ts';

/**
 * Oldest first. A row is in the database exactly when the data went through that promotion, because it is the new main's
 * first write; node.json knows this server's own promotion even before that write.
 */
export function ownPromotions(context: ClusterContext): Promotion[] {
  const { membership } = context.nodeFile.get();
  const byId = new Map(
    [...(context.memory.promotionRows ?? []), ...(membership?.promotions ?? [])].map((each) => [
      each.promotion_id,
      each,
    ]),
  );
  return [...byId.values()].sort((left, right) => left.timeline - right.timeline || left.at.localeCompare(right.at));
}

/** Where this server's database left each timeline before the present one. */
export function ownForks({ memory }: Pick<ClusterContext, 'memory'>): TimelineFork[] {
  return [...(memory.timelineHistory?.forks ?? [])];
}

/**
 * False until the rows have been read once, and between a promotion of this server and its row: until then promotions of
 * the reign before may be missing, of which only replication told this server.
 */
export function isListWhole(context: ClusterContext): boolean {
  const { memory, nodeFile, database } = context;
  const { state, timeline } = database.view();
  // A main that is read-only is promoted again before anybody follows it.
  if (memory.promotionRows === null || state !== 'writable') return false;
  if (timeline !== null && (memory.timelineHistory?.timeline !== timeline || hasUnwrittenTimeline(context)))
    return false;
  const { membership } = nodeFile.get();
  const last = membership?.promotions.at(-1);
  if (last === undefined || last.node_id !== membership?.node_id || membership.main_node_id !== last.node_id)
    return true;
  return memory.promotionRows.some((row) => row.promotion_id === last.promotion_id);
}

/** A promotion that nobody saw: the panel died before node.json knew it. Of the first one of a cluster nothing tells. */
export function hasUnwrittenTimeline(context: ClusterContext): boolean {
  const { state, timeline } = context.database.view();
  const known = ownPromotions(context).at(-1)?.timeline;
  return state === 'writable' && timeline !== null && known !== undefined && timeline > known;
}

/** What is told to others has to be the whole list: reads the rows where it is not yet; false when that did not help. */
export async function makeListWhole(context: ClusterContext): Promise<boolean> {
  if (!isListWhole(context)) await readPromotionRows(context);
  return isListWhole(context);
}

/**
 * Reads the rows where there are any to read; a standby has them as far as it has replayed. False: they could not be
 * read, and what was seen last still happened.
 */
export async function readPromotionRows(context: ClusterContext): Promise<boolean> {
  const { state, timeline } = context.database.view();
  if (state !== 'writable' && state !== 'recovery') return false;
  try {
    context.memory.promotionRows = await context.rows.listPromotions();
    if (state === 'writable') await readForks(context, timeline);
    return true;
  } catch (error) {
    // The database went away between the look and the reading, as a rule.
    if (!(error instanceof Fault)) throw error;
    context.log.info({ code: error.code, reason: error.message }, 'the promotions could not be read');
    return false;
  }
}

/** Once for each timeline: its history file does not change. */
async function readForks({ memory, nodeFile, replication }: ClusterContext, timeline: number | null): Promise<void> {
  const isKnown = timeline !== null && memory.timelineHistory?.timeline === timeline;
  if (isKnown || nodeFile.get().membership === null) return;
  memory.timelineHistory = await replication.timelineHistory();
}
