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
export function isListWhole({ memory, nodeFile, database }: ClusterContext): boolean {
  if (memory.promotionRows === null) return false;
  if (database.view().state === 'writable' && memory.timelineHistory === null) return false;
  const { membership } = nodeFile.get();
  const last = membership?.promotions.at(-1);
  if (last === undefined || last.node_id !== membership?.node_id || membership.main_node_id !== last.node_id)
    return true;
  return memory.promotionRows.some((row) => row.promotion_id === last.promotion_id);
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
    // The database went away between the look and the reading.
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}

/** Once for each timeline: its history file does not change. */
async function readForks({ memory, nodeFile, replication }: ClusterContext, timeline: number | null): Promise<void> {
  const isKnown = timeline !== null && memory.timelineHistory?.timeline === timeline;
  if (isKnown || nodeFile.get().membership === null) return;
  memory.timelineHistory = await replication.timelineHistory();
}
