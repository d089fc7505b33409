/** This server's whole list of promotions: its database's rows, and what node.json holds beyond them (SAFETY §2). */
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { ClusterContext } from './cluster-context.ts';
import { Fault } from '../fault.ts';

/**
 * Oldest first. A row is in the database exactly when the data went through that promotion, because it is the new main's
 * first write; node.json knows this server's own promotion even before that write.
 */
export function ownPromotions(context: ClusterContext): Promotion[] {
  const { membership } = context.nodeFile.get();
  const byId = new Map(
    [...context.memory.promotionRows, ...(membership?.promotions ?? [])].map((each) => [each.promotion_id, each]),
  );
  return [...byId.values()].sort((left, right) => left.timeline - right.timeline || left.at.localeCompare(right.at));
}

/** Reads the rows where there are any to read; a standby has them as far as it has replayed. */
export async function readPromotionRows(context: ClusterContext): Promise<void> {
  const { state } = context.database.view();
  if (state !== 'writable' && state !== 'recovery') return;
  try {
    context.memory.promotionRows = await context.rows.listPromotions();
  } catch (error) {
    // The database went away between the look and the reading: what was seen last still happened.
    if (!(error instanceof Fault)) throw error;
  }
}
