/** One PostgreSQL: its states, its durable files, the ways into recovery and out of it (SAFETY §1). */
import type { TimelineFork } from '../src/promotion-history.ts';
import { bootMs, note, onMachine } from './schedule-event.ts';
import type { SimDatabase, SimNode, Timeline, World } from './world-types.ts';

export function createDatabase(first: Timeline, recovery: boolean, upstream: number | null): SimDatabase {
  return {
    process: 'up',
    recovery,
    incarnation: 1,
    path: [first],
    endLsn: 100,
    standbySignal: true,
    upstream,
    syncNames: [],
    promoting: false,
    receivedMs: null,
    incoming: null,
    upstreamInRecovery: null,
    flushedBy: new Map(),
    ackedLsn: 100,
    stalledSinceMs: null,
  };
}

export function isWritable({ process, recovery }: SimDatabase): boolean {
  return process === 'up' && !recovery;
}

export function stateOf({ process, recovery }: SimDatabase): 'writable' | 'recovery' | 'starting' | 'down' {
  if (process !== 'up') return process;
  return recovery ? 'recovery' : 'writable';
}

export function timelineOf({ path }: SimDatabase): Timeline {
  const last = path.at(-1);
  if (last === undefined) throw new Error('A database has a timeline.');
  return last;
}

/** Its timelines' history files: where each was left. */
export function forksOf({ path }: SimDatabase): TimelineFork[] {
  return path.slice(1).map(({ fromLsn }, index) => ({
    timeline: path[index]?.number ?? 0,
    leftAtLsn: BigInt(fromLsn),
  }));
}

/** The data holds this place of this timeline. */
export function holds({ path, endLsn }: SimDatabase, uid: number, lsn: number): boolean {
  const index = path.findIndex((timeline) => timeline.uid === uid);
  if (index < 0) return false;
  return (path[index + 1]?.fromLsn ?? endLsn) >= lsn;
}

/** standby.signal and a kill: the children die at `delayMs`, and what comes up again is read-only. */
export function fenceDatabase(world: World, node: SimNode, delayMs: number): void {
  const { database } = node;
  if (database.process === 'down') {
    database.standbySignal = true;
    return;
  }
  const { incarnation } = database;
  onMachine(world, node, delayMs, () => {
    if (database.incarnation !== incarnation || database.process === 'down') return;
    database.standbySignal = true;
    restartChildren(world, node, world.config.calm ? 100 : world.random.between(50, 400));
    note(world, node, 'its PostgreSQL restarts its children, into recovery');
  });
}

/** The postmaster dies, or its machine does. Commits that waited for a standby were answered to nobody. */
export function killDatabase(node: SimNode): void {
  const { database } = node;
  database.process = 'down';
  forgetConnections(database);
}

export function startDatabase(world: World, node: SimNode): void {
  if (node.database.process !== 'down') return;
  restartChildren(world, node, world.config.calm ? 300 : world.random.between(100, 1_500));
}

/** What the next start comes up as is decided by the file alone. */
function restartChildren(world: World, node: SimNode, tookMs: number): void {
  const { database } = node;
  forgetConnections(database);
  database.process = 'starting';
  const { incarnation } = database;
  onMachine(world, node, tookMs, () => {
    if (database.incarnation !== incarnation || database.process !== 'starting') return;
    database.process = 'up';
    database.recovery = database.standbySignal;
    const { endLsn } = database;
    // Crash recovery keeps what was flushed; nobody waits for it any more.
    database.ackedLsn = endLsn;
  });
}

function forgetConnections(database: SimDatabase): void {
  database.incarnation += 1;
  database.promoting = false;
  database.receivedMs = null;
  database.incoming = null;
  database.upstreamInRecovery = null;
  database.flushedBy.clear();
  database.stalledSinceMs = null;
}

/** pg_promote: it ends by itself, whatever becomes of who called it, unless the children are killed first. */
export function promoteDatabase(world: World, node: SimNode, tookMs: number): void {
  const { database } = node;
  if (database.process !== 'up' || !database.recovery || database.promoting) return;
  database.promoting = true;
  const { incarnation } = database;
  onMachine(world, node, tookMs, () => {
    if (database.incarnation !== incarnation || !database.promoting) return;
    leaveRecovery(world, node);
  });
}

function leaveRecovery(world: World, node: SimNode): void {
  const { database } = node;
  const number = timelineOf(database).number + 1;
  const uid = world.timelines.length + 1;
  const record = { promotionId: `promotion ${String(uid)}`, timeline: number, forkLsn: BigInt(database.endLsn) };
  const timeline: Timeline = { uid, number, fromLsn: database.endLsn, record, rows: [], syncAckedLsn: 0 };
  world.timelines.push(timeline);
  // No restart: a kill that is under way meets the writer that it has become.
  database.promoting = false;
  database.receivedMs = null;
  database.incoming = null;
  database.upstreamInRecovery = null;
  database.flushedBy.clear();
  database.path = [...database.path, timeline];
  // The end of recovery is a record of its own.
  database.endLsn += 1;
  database.recovery = false;
  database.upstream = null;
  // A promotion removes the file; the step that promotes puts it back before anything else, which is one act here.
  database.standbySignal = world.config.mutant !== 'standby_signal';
  database.ackedLsn = database.endLsn;
  // Nobody's commit is acknowledged until the record says who holds it: this name is nobody's (SAFETY §3 "Promotion").
  const mayWait = world.policy.durability === 'sync' && world.arbiter !== null && node.file.peers.length > 0;
  database.syncNames = mayWait ? [0] : [];
  world.ledger.promotions += 1;
  note(world, node, `its PostgreSQL leaves recovery: timeline ${String(number)} from ${String(database.endLsn)}`);
  // Without an arbiter nobody can promise it (SAFETY §6), and an admin who chooses may choose wrongly.
  if (world.arbiter === null || world.adminChose) return;
  // One that slept through its deadline is fenced again before anything is acknowledged.
  if (world.nowMs < node.excusedUntilMs) return;
  for (const { uid: other, syncAckedLsn, number: tli } of world.timelines) {
    if (syncAckedLsn === 0 || holds(database, other, syncAckedLsn)) continue;
    world.violation ??= `Server ${String(node.id)} was promoted without acknowledged writes of timeline ${String(tli)} up to ${String(syncAckedLsn)}.`;
  }
}

/** The walreceiver was heard within its time-out. */
export function walFlows(world: World, node: SimNode): boolean {
  const { process, recovery, receivedMs } = node.database;
  if (process !== 'up' || !recovery || receivedMs === null) return false;
  return bootMs(world, node) - receivedMs < world.config.walReceiverTimeoutMs;
}
