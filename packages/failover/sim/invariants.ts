/** What must hold after every step, whatever happens (SAFETY §2–§4). */
import { isWritable } from './database.ts';
import { walFlows } from './database.ts';
import type { SimNode, World } from './world-types.ts';

/** A server that clients could have a write acknowledged by. A suspended machine answers nobody. */
function acceptsWrites(node: SimNode): boolean {
  return node.machine === 'running' && isWritable(node.database);
}

/**
 * Two writers: never with an arbiter, and never without one where nobody is promoted by a time-out. A machine that was
 * suspended past its deadline is let off until its guard has run (guard.ts): nothing that sleeps can be on time, and with
 * `sync` what it writes then is acknowledged to nobody, which the other checks see to.
 */
export function checkWriters(world: World): void {
  if (world.violation !== null) return;
  if (world.arbiter === null && world.policy.autoFailover) return;
  let writers = 0;
  for (const node of world.nodes) {
    if (acceptsWrites(node) && world.nowMs >= node.excusedUntilMs) writers += 1;
  }
  if (writers < 2) return;
  const names = world.nodes.filter(acceptsWrites).map(({ id }) => String(id));
  world.violation = `Servers ${names.join(' and ')} accept writes at once.`;
}

/** One main that takes writes, and every server that may follow it does. */
export function isSettled(world: World): boolean {
  const writers = writersOf(world);
  const [main] = writers;
  // Without an arbiter two may even have removed each other, and are two clusters now.
  if (world.arbiter === null && world.removed.size > 1) return world.nodes.some(acceptsWrites);
  if (main === undefined || writers.length > 1) return false;
  if (main.file.role !== 'main' || main.file.operation !== null || !main.process.gateOpen) return false;
  // After an older state of the arbiter was put back two servers may bear one term; which of them follows, an admin says.
  if (world.restored) return true;
  // Without an arbiter two may have become main of one term: that is an admin's to settle as well (SAFETY §3).
  if (world.arbiter === null && world.nodes.some((node) => node !== main && node.file.role === 'main')) return true;
  // So is a main that had been removed, by a server that it never heard, and took over all the same.
  if (world.arbiter === null && world.removed.has(main.id)) return true;
  return main.file.peers.every((id) => {
    const peer = world.nodes[id - 1];
    if (peer === undefined || peer.file.removed) return true;
    return peer.database.upstream === main.id && walFlows(world, peer) && !peer.file.fenced && !peer.file.diverged;
  });
}

/** A server that was removed and had promoted itself without an arbiter is a cluster of its own, beside the one that is meant. */
function writersOf(world: World): readonly SimNode[] {
  const all = world.nodes.filter(acceptsWrites);
  if (world.arbiter !== null) return all;
  const known = all.filter(({ file }) => !file.removed);
  return known.length > 1 ? known.filter(({ id }) => !world.removed.has(id)) : known;
}

export function describeWorld(world: World): string {
  return world.nodes.map(describeNode).join('; ');
}

export function describeNode({ id, machine, file, database, process }: SimNode): string {
  if (machine !== 'running') return `server ${String(id)}: ${machine}`;
  const state = database.process === 'up' ? (database.recovery ? 'read-only' : 'takes writes') : database.process;
  const busy = file.operation === null ? '' : `, in ${file.operation.kind}`;
  const flags = `${file.fenced ? ', fenced' : ''}${file.diverged ? ', diverged' : ''}${file.removed ? ', removed' : ''}`;
  return `server ${String(id)}: ${file.role} of term ${String(file.term)}, ${state}${flags}${busy}. ${process.sentence}`;
}
