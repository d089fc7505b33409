/** What a server knows of its own promotions (SAFETY §2): node.json, and the rows of its database once it has read them. */
import type { PromotionRecord } from '../src/promotion-history.ts';
import { holds } from './database.ts';
import type { SimDatabase, SimNode, World } from './world-types.ts';

/** Node.json's own promotions even before their row; what only replication told is known from the first reading on. */
export function ownPromotions({ process, file }: SimNode): readonly PromotionRecord[] {
  const rows = process.promotionRows ?? [];
  return [...file.promotions, ...rows.filter((record) => !file.promotions.includes(record))];
}

/** Now and then, and before the list has to be right. False: the database cannot be asked, and what was seen last stands. */
export function readPromotionRows({ process, database }: SimNode): boolean {
  if (database.process !== 'up') return false;
  process.promotionRows = rowsOf(database);
  return true;
}

/** A panel that was started again has read nothing, and one in the middle of a promotion not yet the reign before. */
export function isListWhole(world: World, { process, file }: SimNode): boolean {
  if (world.config.mutant === 'whole_list') return true;
  const last = file.promotions.at(-1);
  if (process.promotionRows === null) return false;
  return last === undefined || process.promotionRows.includes(last);
}

/** cluster_promotions, as the data hold it. */
export function rowsOf(database: SimDatabase): readonly PromotionRecord[] {
  return database.path
    .filter(({ rows }) => rows.some(({ uid, lsn }) => holds(database, uid, lsn)))
    .map(({ record }) => record);
}
