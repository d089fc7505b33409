/** SAFETY §3 "Guard": a loop beside PostgreSQL that fences when the deadline in its file has passed. */
import { fenceDatabase, stateOf } from './database.ts';
import { bootMs, note, onMachine } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

/** It looks five times a second. */
export const GUARD_PERIOD_MS = 200;
/** From the decision to fence until the children are dead. */
export const FENCE_LIMIT_MS = 400;

export function fenceDelayMs(world: World): number {
  return world.config.calm ? 50 : world.random.between(5, FENCE_LIMIT_MS);
}

/** Written and renamed by the panel's process at each renewal; the guard is started when it does not live. */
export function keepGuard(world: World, node: SimNode, deadlineMs: number): void {
  const { guard } = node;
  if (world.config.mutant !== 'guard') guard.alive = true;
  if (guard.deadlineMs === deadlineMs) return;
  guard.deadlineMs = deadlineMs;
  const lookMs = world.config.calm ? 100 : world.random.between(0, GUARD_PERIOD_MS);
  const leftMs = (deadlineMs - bootMs(world, node)) / node.rate;
  onMachine(world, node, leftMs + lookMs, () => look(world, node, deadlineMs));
}

function look(world: World, node: SimNode, deadlineMs: number): void {
  const { guard, database } = node;
  if (!guard.alive || guard.deadlineMs !== deadlineMs) return;
  // It has fenced once and ends; the next promotion starts another one.
  guard.alive = false;
  guard.deadlineMs = null;
  // A promotion that is still under way would become a writer without leave: it is killed as well.
  if (stateOf(database) !== 'writable' && !database.promoting) return;
  note(world, node, 'the guard fences: the deadline has passed');
  fenceDatabase(world, node, fenceDelayMs(world));
}
