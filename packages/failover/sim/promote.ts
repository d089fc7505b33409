/** What every promotion needs, on whichever side it takes place. */
import { writeDeadlineMs } from '../src/lease.ts';
import { timelineOf } from './database.ts';
import { observe } from './observe.ts';
import { ownPromotions } from './peer-calls.ts';
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
 * An earlier promotion that was fenced before it was written down still made a timeline. It gets its record before the
 * next one: others compare themselves with the whole list, and not with the last of it.
 */
export function recordForgottenPromotion(node: SimNode): void {
  const { uid, record } = timelineOf(node.database);
  if (uid === 1 || ownPromotions(node).includes(record)) return;
  node.file.promotions = [...node.file.promotions, record];
}

/** The new main's first write; without it nobody can tell this history from another. */
export function writeRow(world: World, node: SimNode): void {
  const timeline = timelineOf(node.database);
  if (!node.file.promotions.includes(timeline.record)) {
    if (timeline.rowLsn !== null || world.timelines.length === 1) return;
    node.file.promotions = [...node.file.promotions, timeline.record];
  }
  if (timeline.rowLsn !== null) return;
  node.database.endLsn += 1;
  timeline.rowLsn = node.database.endLsn;
}
