/** Whom a secondary's PostgreSQL follows: only a main whose history contains its own (SAFETY §2). */
import { comparePromotionHistories } from '../src/promotion-history.ts';
import { timelineOf } from './database.ts';
import { ownPromotions } from './peer-calls.ts';
import { note } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

/** Asserted again and again; a change of primary_conninfo needs a reload and no restart. */
export function follow(world: World, node: SimNode): void {
  const { file, database } = node;
  if (file.role === 'main' || file.removed || file.operation !== null || file.diverged) return;
  if (database.process !== 'up' || !database.recovery || database.promoting) return;
  const main = node.process.peers.get(file.mainNodeId)?.status;
  if (main?.role !== 'main' || main.term < file.term || !main.listIsWhole) return;
  if (database.upstream === file.mainNodeId && !file.fenced) return;
  const verdict = comparePromotionHistories(ownPromotions(node), main.promotions, BigInt(database.endLsn), {
    own: timelineOf(database).number,
    mains: main.timeline,
  });
  if (verdict.mayFollow || world.config.mutant === 'history_check') {
    attach(world, node);
    return;
  }
  file.diverged = true;
  database.upstream = null;
  note(world, node, `has diverged: ${verdict.reason}`);
}

function attach(world: World, node: SimNode): void {
  const { file, database } = node;
  database.upstream = file.mainNodeId;
  database.receivedMs = null;
  database.incoming = null;
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
  file.fenced = false;
  file.diverged = false;
  note(world, node, 'an admin repairs it with rejoin.sh');
}
