/** Whom a secondary's PostgreSQL follows: only a main whose history contains its own (SAFETY §2). */
import { comparePromotionHistories, type FollowVerdict } from '../src/promotion-history.ts';
import { forksOf, holds, timelineOf } from './database.ts';
import { ownPromotions, readPromotionRows } from './own-promotions.ts';
import { bootMs, nodeOf, note } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

type Refusal = Extract<FollowVerdict, { mayFollow: false }>;

/** Asserted again and again; a change of primary_conninfo needs a reload and no restart. */
export function follow(world: World, node: SimNode): void {
  const { file, database } = node;
  if (file.role === 'main' || file.removed || file.operation !== null || file.diverged) return;
  if (database.process !== 'up' || !database.recovery || database.promoting) return;
  const peer = node.process.peers.get(file.mainNodeId);
  const main = peer?.status;
  if (main?.role !== 'main' || main.term < file.term || !main.listIsWhole) return;
  if (database.upstream === file.mainNodeId && file.attachedTerm === file.term && !file.fenced) return;
  readPromotionRows(node);
  const verdict = comparePromotionHistories(ownPromotions(node), main.promotions, BigInt(database.endLsn), {
    own: timelineOf(database).number,
    mains: main.timeline,
    mainsForks: world.config.mutant === 'unwritten_fork' ? [] : main.forks,
    ownHistory: { timeline: timelineOf(database).number, forks: forksOf(database) },
  });
  if (verdict.mayFollow || world.config.mutant === 'history_check') {
    attach(world, node);
    return;
  }
  if (world.config.mutant !== 'newest_list' && !hasEnded(world, node, peer?.statusAskedMs ?? null)) return;
  checkDivergence(world, node, verdict);
  file.diverged = true;
  database.upstream = null;
  note(world, node, `has diverged: ${verdict.reason}`);
}

/** WAL of the former source flows no more, and main has said since then what it has come through. */
function hasEnded(world: World, node: SimNode, mainAskedMs: number | null): boolean {
  const { database, process } = node;
  if (database.upstream !== null || process.endedMs === null) process.endedMs = bootMs(world, node);
  database.upstream = null;
  return mainAskedMs !== null && mainAskedMs >= process.endedMs;
}

/**
 * Nobody stands aside who holds nothing that main does not have. It is right to where nothing could tell main's timeline
 * from an own one of that number: its row has not arrived here, or this server was fenced before it wrote one.
 */
function checkDivergence(world: World, { id, file, database }: SimNode, { code, reason }: Refusal): void {
  const main = nodeOf(world, file.mainNodeId);
  if (main.file.role !== 'main' || main.file.term !== file.term) return;
  const lastWritten = database.path.findLastIndex(({ rows }) => rows.length > 0);
  const sinceThen = database.path.slice(lastWritten + 1);
  const isUnwritten = sinceThen.some(({ record }) => file.promotions.includes(record));
  if (isUnwritten || code === 'own_promotion_unrecorded') return;
  if (!holds(main.database, timelineOf(database).uid, database.endLsn)) return;
  world.violation ??= `Server ${String(id)} calls itself diverged, and server ${String(main.id)} has all of it: ${reason}`;
}

function attach(world: World, node: SimNode): void {
  const { file, database } = node;
  database.upstream = file.mainNodeId;
  database.receivedMs = null;
  database.incoming = null;
  node.process.endedMs = null;
  file.attachedTerm = file.term;
  file.fenced = false;
  note(world, node, `follows server ${String(file.mainNodeId)}`);
}

/** Whoever was attached to this server has no slot there any more once its data is another. */
function dropSlots(world: World, id: number): void {
  for (const { database } of world.nodes) if (database.upstream === id) database.upstream = null;
}

/** An admin runs rejoin.sh: the data of main, and its history; what was here alone is kept in a copy and counted. */
export function repair(world: World, node: SimNode, main: SimNode): void {
  const { file, database } = node;
  dropSlots(world, node.id);
  database.path = main.database.path;
  database.endLsn = main.database.endLsn;
  database.standbySignal = true;
  database.recovery = true;
  database.promoting = false;
  database.upstream = main.id;
  database.receivedMs = null;
  database.incoming = null;
  file.promotions = ownPromotions(main);
  file.mainNodeId = main.id;
  file.term = Math.max(file.term, main.file.term);
  file.attachedTerm = file.term;
  file.fenced = false;
  file.diverged = false;
  note(world, node, 'an admin repairs it with rejoin.sh');
}
