/** What every promotion needs, on whichever side it takes place. */
import { writeDeadlineMs } from '../src/lease.ts';
import { timelineOf } from './database.ts';
import { observe } from './observe.ts';
import { rowsOf } from './own-promotions.ts';
import type { SimNode, World } from './world-types.ts';

/** Until when this server may be a writer by its lease or promises; null: there is no arbiter, and it needs no leave. */
export function leaveUntilMs(world: World, node: SimNode): number | null {
  if (world.arbiter === null || node.file.peers.length === 0) return null;
  return writeDeadlineMs(observe(world, node), world.policy) ?? -Infinity;
}

/** pg_promote: mostly quick; what has to be replayed first takes its time. */
export function promotionTookMs(world: World): number {
  if (world.config.calm) return 150;
  return world.random.chance(0.03) ? world.random.between(2_000, 14_000) : world.random.between(20, 500);
}

/**
 * The new main's first write; without it nobody can tell this history from another. An earlier promotion of this server
 * that was fenced before its row was written gets one as well: who has its data has come through it.
 */
export function writeRows({ file, database }: SimNode): void {
  const newest = timelineOf(database);
  const known = rowsOf(database);
  if (!file.promotions.includes(newest.record)) {
    if (known.includes(newest.record) || database.path.length === 1) return;
    file.promotions = [...file.promotions, newest.record];
  }
  for (const { record, rows } of database.path) {
    if (!file.promotions.includes(record) || known.includes(record)) continue;
    database.endLsn += 1;
    rows.push({ uid: newest.uid, lsn: database.endLsn });
  }
}
