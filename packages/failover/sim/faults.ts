/** What goes wrong, and what people do. A schedule is a list of these with their instants. */
import { forgetCluster, loseData, restoreData, startArbiter, writeMembers } from './arbiter.ts';
import { describeFault, place, type Fault, type PlannedFault } from './fault.ts';
import { repair } from './follow.ts';
import { killDatabase, startDatabase, isWritable } from './database.ts';
import { GUARD_PERIOD_MS, FENCE_LIMIT_MS } from './guard.ts';
import { callArbiter } from './network.ts';
import { observe } from './observe.ts';
import { beginOperation } from './begin-operation.ts';
import { killProcess, startProcess } from './process.ts';
import { after, bootMs, nodeOf, note, wallMs } from './schedule-event.ts';
import type { ArbiterView, SimNode, World } from './world-types.ts';
import { writeDeadlineMs } from '../src/lease.ts';

export function planFaults(world: World, faults: readonly PlannedFault[]): void {
  for (const { atMs, fault } of faults) after(world, atMs - world.nowMs, () => apply(world, fault));
}

function apply(world: World, fault: Fault): void {
  note(world, 'world', describeFault(fault));
  if ('node' in fault) applyToNode(world, nodeOf(world, fault.node), fault);
  else applyToWorld(world, fault);
}

type NodeFault = Extract<Fault, { readonly node: number }>;

function applyToWorld(world: World, fault: Exclude<Fault, NodeFault>): void {
  const { arbiter } = world;
  switch (fault.kind) {
    case 'cut':
      cut(world, fault);
      return;
    case 'lossy':
      world.lossRate = fault.rate;
      after(world, fault.forMs, () => (world.lossRate = 0));
      return;
    case 'switchover':
      switchOver(world, fault.to);
      return;
    case 'sync_switched':
      world.policy = { ...world.policy, durability: fault.on ? 'sync' : 'async' };
      // Who chooses `async` says that what was acknowledged may be lost.
      if (!fault.on) for (const timeline of world.timelines) timeline.syncAckedLsn = 0;
      return;
    default:
  }
  if (arbiter === null) return;
  if (fault.kind === 'arbiter_forgets') loseData(world, arbiter);
  else if (fault.kind === 'arbiter_restored') restoreData(world, arbiter, snapshotOf(world) ?? arbiter.view);
  else {
    arbiter.up = false;
    after(world, fault.forMs, () => {
      if (!arbiter.up) startArbiter(world, arbiter);
    });
  }
}

const snapshots = new WeakMap<World, ArbiterView>();

/** What a later `arbiter_restored` puts back. */
export function takeSnapshot(world: World): void {
  if (world.arbiter !== null) snapshots.set(world, world.arbiter.view);
}

function snapshotOf(world: World): ArbiterView | undefined {
  return snapshots.get(world);
}

function cut(world: World, { from, to, oneWay, forMs }: Extract<Fault, { kind: 'cut' }>): void {
  const ways = oneWay
    ? [`${String(from)}>${String(to)}`]
    : [`${String(from)}>${String(to)}`, `${String(to)}>${String(from)}`];
  for (const way of ways) world.cut.add(way);
  after(world, forMs, () => {
    for (const way of ways) world.cut.delete(way);
    note(world, 'world', `the link between ${place(from)} and ${place(to)} is whole again`);
  });
}

function switchOver(world: World, to: number): void {
  const main = world.nodes.find((node) => node.file.role === 'main' && isWritable(node.database));
  if (main === undefined || main.id === to || main.machine !== 'running' || main.process.state !== 'running') return;
  if (!main.file.peers.includes(to)) return;
  beginOperation(world, main, { kind: 'switchover_main', mainId: main.id, candidateId: to });
}

function applyToNode(world: World, node: SimNode, fault: NodeFault): void {
  // A standby.signal that was removed by hand is back within a tick (rule 40). That the next trouble comes in that very
  // tick is left out: whoever takes the file away and stops the server at once has asked for a writer.
  if (isWritable(node.database) && node.process.state === 'running' && world.config.mutant !== 'standby_signal') {
    node.database.standbySignal = true;
  }
  switch (fault.kind) {
    case 'panel_killed':
      killProcess(node);
      after(world, fault.forMs, () => reviveProcess(world, node));
      return;
    case 'panel_hung':
      if (node.process.state !== 'running') return;
      node.process.state = 'hung';
      after(world, fault.forMs, () => wakeProcess(world, node));
      return;
    case 'suspended':
      suspend(world, node, fault.forMs);
      return;
    case 'power_cut':
      cutPower(world, node, fault.forMs);
      return;
    case 'database_killed':
      killDatabase(node);
      after(world, fault.forMs, () => {
        if (node.machine === 'running') startDatabase(world, node);
      });
      return;
    case 'signal_removed':
      if (isWritable(node.database) && node.process.state === 'running') node.database.standbySignal = false;
      return;
    case 'clock_jumps':
      node.wallOffsetMs += fault.byMs;
      return;
    case 'hold':
      node.file.hold = { wallUntilMs: wallMs(world, node) + fault.forMs };
      return;
    case 'updated':
      node.version = fault.version;
      return;
    case 'receives_slowly':
      node.receivingPaused = true;
      after(world, fault.forMs, () => (node.receivingPaused = false));
      return;
    case 'trap':
      node.trap = {
        step: fault.step,
        spring: () => apply(world, { kind: fault.then, node: node.id, forMs: fault.forMs }),
      };
      return;
    case 'repaired': {
      const main = world.nodes.find(({ file, database }) => file.role === 'main' && isWritable(database));
      if (main !== undefined && main !== node) repair(world, node, main);
      return;
    }
    case 'removed':
      removeNode(world, node);
  }
}

export function reviveProcess(world: World, node: SimNode): void {
  if (node.machine === 'running' && node.process.state === 'dead') startProcess(world, node);
}

export function wakeProcess(world: World, node: SimNode): void {
  if (node.process.state !== 'hung') return;
  node.process.state = 'running';
  if (node.machine === 'running') flush(world, node.delayedOfProcess);
}

function suspend(world: World, node: SimNode, forMs: number): void {
  if (node.machine !== 'running') return;
  node.machine = 'suspended';
  after(world, forMs, () => wakeMachine(world, node));
}

export function wakeMachine(world: World, node: SimNode): void {
  if (node.machine !== 'suspended') return;
  node.machine = 'running';
  // SAFETY §3: a paused machine defeats any lease. It may write until its guard has looked and its fence is done.
  node.excusedUntilMs = world.nowMs + 100 + GUARD_PERIOD_MS + FENCE_LIMIT_MS;
  after(world, 100 + GUARD_PERIOD_MS + FENCE_LIMIT_MS + 1, () => undefined);
  flush(world, node.delayed);
  if (node.process.state === 'running') flush(world, node.delayedOfProcess);
}

function flush(world: World, delayed: (() => void)[]): void {
  for (const run of delayed.splice(0)) after(world, world.config.calm ? 0 : world.random.between(0, 50), run);
}

/** Everything dies at once; what was on disk is there when it boots, and a new boot clock. */
function cutPower(world: World, node: SimNode, forMs: number): void {
  if (node.machine === 'off') return;
  node.machine = 'off';
  node.delayed.length = 0;
  killProcess(node);
  killDatabase(node);
  node.guard.alive = false;
  node.guard.deadlineMs = null;
  after(world, forMs, () => bootMachine(world, node));
}

export function bootMachine(world: World, node: SimNode): void {
  if (node.machine !== 'off') return;
  node.machine = 'running';
  node.boot += 1;
  node.bootBaseMs = 5_000;
  node.bootAtMs = world.nowMs;
  startDatabase(world, node);
  after(world, world.config.calm ? 1_000 : world.random.between(0, 4_000), () => reviveProcess(world, node));
}

/** By main: the arbiter's key first; without it (or without its answer) nothing is removed. */
function removeNode(world: World, node: SimNode): void {
  const main = world.nodes.find(({ file, database }) => file.role === 'main' && isWritable(database));
  if (main === undefined || main === node || !main.file.peers.includes(node.id) || main.machine !== 'running') return;
  // Membership does not change while its main is being changed.
  if (main.process.state !== 'running' || main.file.operation !== null) return;
  const peers = main.file.peers.filter((id) => id !== node.id);
  const apply = (): void => {
    world.removed.add(node.id);
    main.file.peers = peers;
    main.process.peers.delete(node.id);
    for (const id of peers) dropPeer(world, nodeOf(world, id), node.id);
    note(world, main, `removed server ${String(node.id)}`);
  };
  const leaseId = main.process.lease?.id ?? null;
  const { term } = main.file;
  if (world.arbiter === null) apply();
  if (world.arbiter === null || leaseId === null) return;
  callArbiter(
    world,
    main,
    (arbiter) =>
      peers.length === 0
        ? forgetCluster(world, arbiter, leaseId)
        : writeMembers(world, arbiter, leaseId, [main.id, ...peers]),
    (written) => {
      if (written !== true || !reigns(world, main, term)) return;
      apply();
      if (peers.length > 0) return;
      // Nobody is left to be safe from: the lease is gone with the keys, the guard is stopped, commits wait for nobody.
      main.process.lease = null;
      main.file.leaseId = null;
      main.guard.alive = false;
      main.guard.deadlineMs = null;
      main.database.syncNames = [];
    },
  );
}

/** A panel that hung in the meantime wakes up as main, before it hears of the next one; its own deadline tells it. */
function reigns(world: World, main: SimNode, term: number): boolean {
  const deadlineMs = writeDeadlineMs(observe(world, main), world.policy);
  return (
    main.file.role === 'main' && main.file.term === term && (deadlineMs === null || deadlineMs > bootMs(world, main))
  );
}

/** The others read the list in their replica of main's database. */
function dropPeer(world: World, node: SimNode, id: number): void {
  after(world, 200, () => {
    if (node.file.role === 'main') return;
    node.file.peers = node.file.peers.filter((peer) => peer !== id);
    node.process.peers.delete(id);
  });
}
