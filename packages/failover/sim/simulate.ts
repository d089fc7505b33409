/** One seed: a world, its schedule of faults, then peace, and whether everything came right. */
import { planFaults, reviveProcess, wakeMachine, wakeProcess, bootMachine, takeSnapshot } from './faults.ts';
import { startArbiter } from './arbiter.ts';
import { isWritable, startDatabase } from './database.ts';
import { repair } from './follow.ts';
import { checkWriters, describeWorld, isSettled } from './invariants.ts';
import { makeSchedule, type Schedule } from './make-schedule.ts';
import type { Mutant } from './mutants.ts';
import { beginOperation } from './begin-operation.ts';
import { after, note } from './schedule-event.ts';
import { createWorld } from './create-world.ts';
import type { Ledger, World } from './world-types.ts';

/** Once faults stop, so long may it take until one main writes and all that may follow it do. */
export const SETTLE_LIMIT_MS = 90_000;
/** Of it, without any main: where only an admin can tell who is main (SAFETY §6), the admin acts. */
const ADMIN_WAITS_MS = 45_000;
const LOOK_MS = 1_000;

export interface RunResult {
  readonly seed: number;
  readonly violation: string | null;
  readonly settledAfterMs: number | null;
  readonly endedMs: number;
}

export function createLedger(): Ledger {
  return { firedRules: new Set(), termsGiven: new Map(), promotions: 0, failovers: 0, switchovers: 0, rolledBack: 0 };
}

/** @throws whatever the core throws: that is a failure as well. */
export function simulate(
  seed: number,
  ledger: Ledger,
  options: { readonly mutant?: Mutant | null; readonly trace?: World['trace'] } = {},
): RunResult {
  return runSchedule(seed, makeSchedule(seed, options.mutant ?? null), ledger, options.trace ?? null);
}

export function runSchedule(seed: number, schedule: Schedule, ledger: Ledger, trace: World['trace'] = null): RunResult {
  const world = createWorld(seed, schedule.config, ledger, trace);
  if (schedule.snapshotMs !== null) after(world, schedule.snapshotMs, () => takeSnapshot(world));
  planFaults(world, schedule.faults);
  runUntil(world, schedule.peaceMs);
  if (world.violation === null) makePeace(world);
  let settledLooks = 0;
  let settledAfterMs: number | null = null;
  while (world.violation === null && settledLooks < 3) {
    runUntil(world, world.nowMs + LOOK_MS);
    const sinceMs = world.nowMs - schedule.peaceMs;
    settledLooks = isSettled(world) ? settledLooks + 1 : 0;
    if (settledLooks === 1) settledAfterMs = sinceMs;
    if (settledLooks === 0) intervene(world, sinceMs);
    if (sinceMs > SETTLE_LIMIT_MS) {
      world.violation ??= `No settled main ${String(SETTLE_LIMIT_MS / 1_000)} s after the last fault: ${describeWorld(world)}.`;
    }
  }
  if (world.violation !== null) note(world, 'world', `BROKEN: ${world.violation}`);
  return { seed, violation: world.violation, settledAfterMs, endedMs: world.nowMs };
}

export function runUntil(world: World, untilMs: number): void {
  // An event of its own at the end, so that the clock stands there.
  world.queue.push(untilMs, () => undefined);
  while (world.violation === null) {
    const event = world.queue.pop();
    if (event === undefined) return;
    world.nowMs = event.atMs;
    event.run();
    checkWriters(world);
    if (event.atMs >= untilMs) return;
  }
}

/** Everything is mended that breaks by itself; what only people can settle, people settle. */
function makePeace(world: World): void {
  note(world, 'world', 'peace: everything is mended');
  world.cut.clear();
  world.lossRate = 0;
  if (world.arbiter?.up === false) startArbiter(world, world.arbiter);
  for (const node of world.nodes) {
    bootMachine(world, node);
    wakeMachine(world, node);
    wakeProcess(world, node);
    reviveProcess(world, node);
    startDatabase(world, node);
    node.version = '1.0.0';
    node.receivingPaused = false;
    node.trap = null;
    node.file.hold = null;
    node.file.lastFailover = null;
  }
}

/** What the admin does in the end: acknowledge, repair what diverged, and without an arbiter choose. */
function intervene(world: World, sinceMs: number): void {
  const main = world.nodes.find(({ file, database }) => file.role === 'main' && isWritable(database));
  for (const node of world.nodes) {
    node.file.lastFailover = null;
    if (main !== undefined && node.file.diverged && main.file.peers.includes(node.id)) repair(world, node, main);
  }
  // An admin who is told that nobody takes over because of the limit says that it does not matter now.
  if (main === undefined && sinceMs >= ADMIN_WAITS_MS) world.policy = { ...world.policy, maxFailoverLagBytes: null };
  if (main !== undefined || sinceMs < ADMIN_WAITS_MS || !needsAdmin(world)) return;
  const candidates = world.nodes.filter(({ file, database }) => !file.removed && database.process === 'up');
  candidates.sort((left, right) => right.file.term - left.file.term || right.database.endLsn - left.database.endLsn);
  const [best] = candidates;
  if (best === undefined || best.file.operation !== null) return;
  best.file.diverged = false;
  world.adminChose = true;
  note(world, best, 'an admin says that it is main');
  beginOperation(world, best, { kind: 'emergency_promotion', mainId: best.file.mainNodeId, candidateId: best.id });
}

/** Without an arbiter always; with one that forgot everything while nobody was main: it is main who sets it up again. */
function needsAdmin(world: World): boolean {
  return world.arbiter === null || world.adminChose || world.arbiter.view.term === null;
}
