import { leaseMarginMs } from '../src/lease.ts';
import type { Policy } from '../src/observation.ts';
import { EMPTY_VIEW, startArbiter } from './arbiter.ts';
import { createDatabase } from './database.ts';
import { createEventQueue } from './event-queue.ts';
import { freshProcess } from './fresh-process.ts';
import { advance } from './operations.ts';
import { startProcess } from './process.ts';
import { readArbiter } from './read-arbiter.ts';
import { after } from './schedule-event.ts';
import { keepGuard } from './guard.ts';
import { createRandom } from './random.ts';
import { runClients } from './streaming.ts';
import type { Ledger, SimArbiter, SimNode, SimNodeFile, Timeline, World, WorldConfig } from './world-types.ts';

/** Clocks of two machines run apart by at most 0.1 % each way; the margin of a lease has to hold it (README). */
export const MAX_DRIFT = 0.001;

export function defaultPolicy(leaseTtlMs: number, changes: Partial<Policy> = {}): Policy {
  return {
    autoFailover: true,
    failoverAfterMs: 6_000,
    dbDownAfterMs: 3_000,
    durability: 'async',
    maxFailoverLagBytes: null,
    selfPromoteAfterMs: null,
    leaseTtlMs,
    leaseMarginMs: leaseMarginMs(leaseTtlMs),
    ...changes,
  };
}

/** Server 1 is main, the others follow it, everything is well. */
export function createWorld(seed: number, config: WorldConfig, ledger: Ledger, trace: World['trace'] = null): World {
  const random = createRandom(seed);
  const base: Timeline = {
    uid: 1,
    number: 1,
    fromLsn: 0,
    record: { promotionId: 'none', timeline: 1, forkLsn: 0n },
    rows: [],
    syncAckedLsn: 0,
  };
  const ids = Array.from({ length: config.nodes }, (_, index) => index + 1);
  const world: World = {
    nowMs: 0,
    hooks: { arbiterChanged: readArbiter, operationBegun: advance },
    config,
    policy: config.policy,
    random,
    queue: createEventQueue(),
    nodes: ids.map((id) => createNode(id, ids, base, random.next() * 2 - 1, config.calm)),
    arbiter: config.arbiter ? createArbiter(config.calm ? 0 : random.next() * 2 - 1) : null,
    cut: new Set(),
    removed: new Set(),
    lossRate: 0,
    timelines: [base],
    operationCount: 0,
    ledger,
    restored: false,
    adminChose: false,
    violation: null,
    trace,
  };
  ledger.termsGiven.clear();
  start(world);
  return world;
}

function createNode(id: number, ids: readonly number[], base: Timeline, drift: number, calm: boolean): SimNode {
  const isMain = id === 1;
  const file: SimNodeFile = {
    role: isMain ? 'main' : 'secondary',
    mainNodeId: 1,
    term: 1,
    attachedTerm: 1,
    peers: ids.filter((other) => other !== id),
    removed: false,
    promise: null,
    handover: null,
    fenced: false,
    diverged: false,
    promotions: [],
    hold: null,
    lastFailover: null,
    leaseId: null,
    operation: null,
    takenTerm: 0,
    discarded: 0,
  };
  const node: Omit<SimNode, 'process'> = {
    id,
    version: '1.0.0',
    bootBaseMs: 100_000 * id,
    bootAtMs: 0,
    boot: 1,
    rate: calm ? 1 : 1 + drift * MAX_DRIFT,
    wallOffsetMs: 1_000_000,
    machine: 'running',
    delayed: [],
    delayedOfProcess: [],
    file,
    database: createDatabase(base, !isMain, isMain ? null : 1),
    guard: { alive: false, deadlineMs: null },
    excusedUntilMs: 0,
    trap: null,
    receivingPaused: false,
  };
  return { ...node, process: emptyProcess };
}

/** Replaced at the start, which is the first thing that happens. */
const emptyProcess = { incarnation: 0, state: 'dead', peers: new Map() } as unknown as SimNode['process'];

function createArbiter(drift: number): SimArbiter {
  return { up: true, view: EMPTY_VIEW, rate: 1 + drift * MAX_DRIFT, leaseCount: 0, renewals: 0 };
}

function start(world: World): void {
  const { arbiter, config } = world;
  for (const node of world.nodes) {
    node.process = freshProcess(world, node, 0);
    startProcess(world, node);
  }
  if (arbiter !== null && config.founded) found(world, arbiter);
  after(world, 10, () => runClients(world));
}

/** Main has held the lease for a while. */
function found(world: World, arbiter: SimArbiter): void {
  const [main] = world.nodes;
  if (main === undefined) return;
  arbiter.leaseCount = 1;
  arbiter.view = {
    ...EMPTY_VIEW,
    revision: 5,
    main: { nodeId: 1, term: 1, leaseId: 1 },
    term: 1,
    members: world.nodes.map(({ id }) => id),
  };
  world.ledger.termsGiven.set(1, 1);
  startArbiter(world, arbiter);
  main.file.leaseId = 1;
  main.process.gateOpen = true;
  const renewedMs = main.bootBaseMs;
  main.process.lease = { id: 1, term: 1, renewedMs, lost: false };
  keepGuard(world, main, renewedMs + world.policy.leaseTtlMs - world.policy.leaseMarginMs);
}
