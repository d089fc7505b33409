/** The panel's process on each server: its start, its loops, its death. */
import { decide } from '../src/decide.ts';
import { isSignOfLife } from '../src/failover-blockers.ts';
import { renewalIntervalMs } from '../src/lease.ts';
import { keepGuard } from './guard.ts';
import { isWritable } from './database.ts';
import { observe } from './observe.ts';
import { resumeOperation } from './operations.ts';
import { perform } from './perform.ts';
import { follow } from './follow.ts';
import { readPromotionRows } from './own-promotions.ts';
import { probePeers } from './peer-calls.ts';
import { freshProcess } from './fresh-process.ts';
import { readArbiter } from './read-arbiter.ts';
import { inProcess, note } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

/** Nothing but node.json is left of what an earlier process knew. */
export function startProcess(world: World, node: SimNode): void {
  node.process = freshProcess(world, node, node.process.incarnation + 1);
  node.delayedOfProcess.length = 0;
  if (world.config.mutant === 'just_started') node.file.promise = null;
  every(world, node, world.config.calm ? [200, 200] : [150, 300], () => tick(world, node));
  every(world, node, world.config.calm ? [1_000, 1_000] : [700, 1_300], () => probePeers(world, node));
  every(world, node, world.config.calm ? [1_000, 1_000] : [700, 1_300], () => readPromotionRows(node));
  every(world, node, world.config.calm ? [500, 500] : [300, 700], () => follow(world, node));
  if (world.arbiter !== null) {
    const renewalMs = renewalIntervalMs(world.policy);
    every(world, node, [renewalMs >> 1, renewalMs], () => readArbiter(world, node));
    readArbiter(world, node);
  }
  probePeers(world, node);
  const { operation } = node.file;
  if (operation !== null) inProcess(world, node, 50, () => resumeOperation(world, node, operation));
}

export function killProcess(node: SimNode): void {
  node.process.state = 'dead';
  node.process.incarnation += 1;
  node.delayedOfProcess.length = 0;
}

/** Each round plans the next one, in the process that runs now: a dead one has no more rounds. */
function every(world: World, node: SimNode, [low, high]: readonly [number, number], run: () => void): void {
  const periodMs = world.config.calm ? low : world.random.between(low, high);
  inProcess(world, node, periodMs, () => {
    run();
    every(world, node, [low, high], run);
  });
}

function tick(world: World, node: SimNode): void {
  const { process, file } = node;
  if (file.removed) return;
  const observation = observe(world, node);
  const decision = decide(observation, rememberAs(world, node), world.policy);
  process.memory = decision.memory;
  for (const rule of decision.rules) world.ledger.firedRules.add(rule);
  tellOfDecision(world, node, decision);
  process.sentence = decision.sentence;
  process.blockerCount = decision.blockers.length;
  // The guard hears of each new deadline, also while a promotion takes longer than the lease that it began under.
  const needsGuard = file.role === 'main' ? isWritable(node.database) : node.database.promoting;
  if (decision.deadlineMs !== null && needsGuard && node.guard.alive) keepGuard(world, node, decision.deadlineMs);
  for (const action of decision.actions) perform(world, node, action, decision);
}

function rememberAs(world: World, { process }: SimNode): typeof process.memory {
  return world.config.mutant === 'wait_one_ttl' ? { ...process.memory, leaseSeen: true } : process.memory;
}

/** Upkeep that comes and goes with every renewal would drown what matters. */
const QUIET = new Set([42, 66]);

function tellOfDecision(world: World, node: SimNode, decision: ReturnType<typeof decide>): void {
  const rules = decision.rules.filter((rule) => !QUIET.has(rule));
  // While main lives, what says so comes and goes; what else would stand in the way is worth a line.
  const codes = decision.blockers
    .filter((blocker) => !isSignOfLife(blocker))
    .map(({ code }) => code)
    .join(', ');
  const key = `${rules.join()} ${codes}`;
  if (world.trace !== null && key !== node.process.rules) {
    const actions = decision.actions.map(({ kind }) => kind).filter((kind) => kind !== 'renew_lease');
    const doing = actions.length === 0 ? '' : ` → ${actions.join(', ')}`;
    const why = codes === '' || rules[0] === 62 || rules[0] === 63 ? '' : ` (in the way of a failover: ${codes})`;
    note(world, node, `[${rules.join('+')}] ${decision.sentence}${why}${doing}`);
  }
  node.process.rules = key;
}
