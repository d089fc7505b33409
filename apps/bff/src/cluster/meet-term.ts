/**
 * Terms: a main that meets a higher one has been superseded and fences itself; nothing is rewound and no side is chosen
 * here (SAFETY §3). A secondary that meets one remembers it.
 */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, withMain } from './membership.ts';
import type { Membership } from './node-file.ts';
import { recordEvent } from './record-event.ts';

/** SAFETY §1: "seconds on a large" database; past this the gate stays shut and the tab says that the fence failed. */
const fenceLimitMs = 60_000;

export interface HigherTerm {
  readonly term: number;
  /** null when the speaker does not know (yet) who is main of it. */
  readonly mainNodeId: number | null;
  /** Who said so, for the event. */
  readonly saidBy: string;
}

/** Acts on a term that another member named. Returns true when this server was main and is now fenced. */
export async function meetTerm(context: ClusterContext, met: HigherTerm): Promise<boolean> {
  const { membership } = context.nodeFile.get();
  if (membership === null || met.term <= membership.term) return false;
  const wasMain = configuredRole(membership) === 'main';
  if (!wasMain) {
    await context.nodeFile.update((file) => ({ ...file, membership: supersede(file.membership, met) }));
    return false;
  }
  const reason = `Superseded: ${met.saidBy} is at term ${String(met.term)}, this server was main of term ${String(membership.term)}.`;
  // The gate first: it costs nothing, and no new write of the panel may start while the database is being shut.
  context.roles.shutGate(reason);
  const at = new Date(context.clock.nowMs()).toISOString();
  await context.nodeFile.update((file) => {
    const next = supersede(file.membership, met);
    return { ...file, membership: next === null ? null : { ...next, fence: { at, reason, term: met.term } } };
  });
  await enforceFence(context);
  await recordEvent(context, {
    type: 'main_fenced',
    message: reason,
    actor: met.saidBy,
    severity: 'critical',
    nodeId: membership.node_id,
    details: { own_term: membership.term, met_term: met.term },
  });
  return true;
}

function supersede(membership: Membership | null, met: HigherTerm): Membership | null {
  if (membership === null) return null;
  // Unknown main: anyone but this server. Its own id would make it main again at the next start.
  if (met.mainNodeId !== null) return withMain(membership, met.mainNodeId, met.term);
  const other = membership.peers.find((peer) => peer.node_id !== membership.node_id);
  const known = membership.main_node_id !== membership.node_id ? membership.main_node_id : other?.node_id;
  return known === undefined ? { ...membership, term: met.term } : withMain(membership, known, met.term);
}

/** Puts a fenced server's database into recovery, now and after every restart of either process, until it is there. */
export async function enforceFence(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  // A database that is down writes nothing; the fence service waits for it to come up.
  if (membership?.fence == null || context.database.view().state !== 'writable') return;
  context.roles.shutGate(membership.fence.reason);
  try {
    await context.replication.fence(AbortSignal.timeout(fenceLimitMs));
    context.memory.standingFaults.delete('fence');
  } catch (error) {
    context.memory.standingFaults.set(
      'fence',
      `This superseded server could not be made read-only: ${messageOf(error)} Stop its PostgreSQL by hand now.`,
    );
    context.log.error({ reason: messageOf(error) }, 'the fence failed');
  }
  await context.database.look();
}
