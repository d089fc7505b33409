/** What main's own database says of its fail-safe and of its synchronous standbys, for the next decision. */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole } from './membership.ts';
import { bootMs } from './sounds.ts';

export async function watchDurability(context: ClusterContext): Promise<void> {
  const { memory } = context;
  const { membership } = context.nodeFile.get();
  const { state } = context.database.view();
  if (configuredRole(membership) !== 'main' || (state !== 'writable' && state !== 'recovery')) {
    memory.synchronous = null;
    memory.stalledSinceMs = null;
    return;
  }
  try {
    memory.standbySignal = await context.replication.standbySignal();
    if (state !== 'writable') return;
    // Waiting alone is how sync works, and a busy main is always a little ahead of everybody; waiting while nobody has
    // flushed even what was written before the last look is a lost standby.
    const now = await context.replication.synchronousState(memory.synchronous?.currentLsn ?? null);
    const stalls = now.waitingBackends > 0 && now.caughtUpNodeIds.length === 0;
    memory.stalledSinceMs = stalls ? (memory.stalledSinceMs ?? bootMs(context)) : null;
    memory.synchronous = now;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
