/**
 * `durability=sync`: what the arbiter's record says, and the names that commits wait for (SAFETY §4). The record must
 * always name a set of which *some* member holds each acknowledged write, so it is widened before the names are, and
 * narrowed only once the new names hold everything.
 */
import { writeDurability } from './arbiter.ts';
import { callArbiter } from './network.ts';
import { hearArbiter } from './read-arbiter.ts';
import { bootMs, inProcess, note } from './schedule-event.ts';
import type { ArbiterView, SimNode, World } from './world-types.ts';

type DurabilityState = NonNullable<ArbiterView['durability']>;

/** Writes the record as the holder of the lease, and remembers it as read. */
export function recordDurability(
  world: World,
  node: SimNode,
  record: DurabilityState,
  done: (written: boolean) => void,
): void {
  const { lease, arbiter: memory } = node.process;
  const revision = memory.view?.durabilityRevision;
  if (lease === null || lease.lost || revision === undefined) {
    done(false);
    return;
  }
  const askedMs = bootMs(world, node);
  callArbiter(
    world,
    node,
    (arbiter) => {
      const written = writeDurability(world, arbiter, lease.id, record, revision) !== null;
      return { written, view: arbiter.view };
    },
    (reply) => {
      if (reply !== null) hearArbiter(world, node, reply.view, askedMs);
      done(reply?.written === true);
    },
  );
}

/** Recorded first; only then commits stop waiting. */
export function degrade(world: World, node: SimNode, done: () => void): void {
  recordDurability(world, node, { state: 'async', nodeIds: [] }, (written) => {
    if (written) node.database.syncNames = [];
    done();
  });
}

/** Names as the secondaries stand now, with the record before and after (see above). */
export function restore(world: World, node: SimNode, done: () => void): void {
  const { database, process, file } = node;
  if (world.policy.durability === 'async') {
    database.syncNames = [];
    if (world.arbiter === null || process.arbiter.view?.durability?.state !== 'sync') done();
    else recordDurability(world, node, { state: 'async', nodeIds: [] }, done);
    return;
  }
  const wanted = file.peers.filter((id) => {
    const status = process.peers.get(id)?.status;
    return status?.following === true && status.walFlows;
  });
  const isWider = wanted.some((id) => !database.syncNames.includes(id));
  if (world.arbiter !== null && isWider && world.config.mutant !== 'names_before_record') {
    // Also where the record is not known to name anybody: an earlier write may have been done and not answered, and this
    // one, which compares the revision, finds that out.
    recordDurability(world, node, widened(process.arbiter.view?.durability ?? null, wanted), (written) => {
      if (written) putInForce(world, node, wanted, done);
      else done();
    });
    return;
  }
  putInForce(world, node, wanted, done);
}

function widened(record: DurabilityState | null, wanted: readonly number[]): DurabilityState {
  if (record?.state !== 'sync') return { state: 'async', nodeIds: [] };
  const nodeIds = [...new Set([...record.nodeIds, ...wanted])].sort((left, right) => left - right);
  return { state: 'sync', nodeIds };
}

function putInForce(world: World, node: SimNode, wanted: readonly number[], done: () => void): void {
  const { database } = node;
  if (database.syncNames.join() !== wanted.join()) {
    database.syncNames = wanted;
    note(world, node, `commits wait for server ${wanted.join(', ')}`);
  }
  if (world.arbiter === null) done();
  else awaitCaughtUp(world, node, wanted, database.endLsn, 30, done);
}

/** One of the names has flushed all that was written before they were in force. */
function awaitCaughtUp(
  world: World,
  node: SimNode,
  wanted: readonly number[],
  endLsn: number,
  tries: number,
  done: () => void,
): void {
  const { database } = node;
  const inForce = database.syncNames === wanted && database.process === 'up' && !database.recovery;
  if (!inForce || tries === 0) {
    done();
  } else if (wanted.some((id) => (database.flushedBy.get(id) ?? 0) >= endLsn)) {
    recordDurability(world, node, { state: 'sync', nodeIds: wanted }, done);
  } else {
    inProcess(world, node, 100, () => awaitCaughtUp(world, node, wanted, endLsn, tries - 1, done));
  }
}
