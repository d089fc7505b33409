/** The process's look at the arbiter, and what it remembers of it. */
import { findLeaseAgain } from './hold-lease.ts';
import { callArbiter } from './network.ts';
import { bootMs, note } from './schedule-event.ts';
import type { ArbiterView, SimNode, World } from './world-types.ts';

/** One linearizable look. */
export function readArbiter(world: World, node: SimNode): void {
  const askedMs = bootMs(world, node);
  callArbiter(
    world,
    node,
    ({ view }) => view,
    (view) => {
      const memory = node.process.arbiter;
      if (view !== null) hearArbiter(world, node, view, askedMs);
      else if (memory.heardMs === null || askedMs > memory.heardMs) memory.silent = true;
    },
  );
}

export function hearArbiter(world: World, node: SimNode, view: ArbiterView, askedMs: number): void {
  const memory = node.process.arbiter;
  // An answer that was overtaken by a later one says nothing, least of all that the revision fell.
  if (memory.heardMs !== null && askedMs < memory.heardMs) return;
  const before = memory.view;
  if (before !== null && (before.arbiterId !== view.arbiterId || view.revision < before.revision)) {
    if (view.arbiterId === before.arbiterId && askedMs === memory.heardMs) return;
    memory.forgotMs = bootMs(world, node);
    note(world, node, 'the arbiter has forgotten what it knew');
  }
  memory.view = view;
  memory.heardMs = askedMs;
  memory.silent = false;
  findLeaseAgain(world, node);
}
