/** What the clients write, what flows from server to server, and which commits are acknowledged. */
import { isWritable, timelineOf } from './database.ts';
import { isConnected } from './network.ts';
import { after, bootMs, nodeOf } from './schedule-event.ts';
import type { SimDatabase, SimNode, World } from './world-types.ts';

/** Clients write directly to PostgreSQL, past the gate: it must be safe without their good will. */
export function runClients(world: World): void {
  for (const node of world.nodes) {
    if (node.machine === 'running' && isWritable(node.database)) write(world, node);
  }
  for (const node of world.nodes) receive(world, node);
  for (const node of world.nodes) {
    if (node.machine === 'running' && isWritable(node.database)) acknowledge(world, node);
  }
  after(world, world.config.calm ? 100 : world.random.between(50, 150), () => runClients(world));
}

function write(world: World, node: SimNode): void {
  const { database } = node;
  database.endLsn += 1;
  if (database.syncNames.length > 0) return;
  database.ackedLsn = database.endLsn;
  protect(world, node);
}

/**
 * With `sync` and an arbiter nothing that was acknowledged may be lost: not what a standby holds, and not what main
 * acknowledged alone after it had recorded that, since nobody else is promoted then (SAFETY §4).
 */
function protect(world: World, { database, excusedUntilMs }: SimNode): void {
  if (world.policy.durability !== 'sync' || world.arbiter === null) return;
  // Left out, see README "What it does not show": a third server that still listens to the main that slept, and one whose
  // commits waited for nobody when it fell asleep.
  const isAlone = database.syncNames.length === 0;
  if (world.nowMs < excusedUntilMs && (world.nodes.length > 2 || isAlone)) return;
  const timeline = timelineOf(database);
  timeline.syncAckedLsn = Math.max(timeline.syncAckedLsn, database.ackedLsn);
}

/** One round of a walreceiver: what was under way arrives and is flushed, and the next lot is sent off. */
function receive(world: World, node: SimNode): void {
  const { database } = node;
  if (node.machine !== 'running' || database.process !== 'up' || !database.recovery || database.upstream === null)
    return;
  const source = nodeOf(world, database.upstream);
  const upstream = source.database;
  if (source.machine !== 'running' || upstream.process !== 'up' || !isConnected(world, node.id, source.id)) {
    database.incoming = null;
    return;
  }
  if (!wouldStream(database, upstream)) {
    database.incoming = null;
    database.receivedMs = null;
    return;
  }
  if (!sharesHistory(database, upstream)) {
    world.violation ??= `Server ${String(node.id)} has diverged and follows server ${String(source.id)}.`;
  }
  const { incoming } = database;
  if (incoming?.from === source.id && incoming.incarnation === upstream.incarnation && !node.receivingPaused) {
    database.path = incoming.path;
    database.endLsn = incoming.endLsn;
    if (!upstream.recovery) upstream.flushedBy.set(node.id, database.endLsn);
  }
  database.receivedMs = bootMs(world, node);
  database.upstreamInRecovery = upstream.recovery;
  database.incoming = {
    from: source.id,
    incarnation: upstream.incarnation,
    path: upstream.path,
    endLsn: upstream.endLsn,
  };
}

/** PostgreSQL's own judgement: timeline *numbers* and positions, and nothing else (SAFETY §2). */
function wouldStream(database: SimDatabase, upstream: SimDatabase): boolean {
  const { number } = timelineOf(database);
  const index = upstream.path.findIndex((timeline) => timeline.number === number);
  if (index < 0) return false;
  return (upstream.path[index + 1]?.fromLsn ?? upstream.endLsn) >= database.endLsn;
}

function sharesHistory({ path }: SimDatabase, upstream: SimDatabase): boolean {
  return path === upstream.path || path.every(({ uid }, index) => upstream.path[index]?.uid === uid);
}

/** A commit is acknowledged when one of the named standbys has flushed it. */
function acknowledge(world: World, node: SimNode): void {
  const { database } = node;
  if (database.syncNames.length === 0) {
    database.stalledSinceMs = null;
    return;
  }
  let flushed = 0;
  for (const id of database.syncNames) flushed = Math.max(flushed, database.flushedBy.get(id) ?? 0);
  if (flushed > database.ackedLsn) {
    database.ackedLsn = flushed;
    database.stalledSinceMs = null;
    protect(world, node);
  }
  if (database.endLsn > database.ackedLsn) database.stalledSinceMs ??= bootMs(world, node);
}
