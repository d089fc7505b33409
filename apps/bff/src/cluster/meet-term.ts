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
  /** The speaker is main of that term already, rather than about to be: both may have taken writes. */
  readonly speakerIsMain?: boolean;
}

/** Acts on a term that another member named. Returns true when this server was main and is now fenced. */
export async function meetTerm(context: ClusterContext, met: HigherTerm): Promise<boolean> {
  const { membership } = context.nodeFile.get();
  if (membership === null || met.term < membership.term) return false;
  const wasMain = configuredRole(membership) === 'main';
  if (met.term === membership.term) {
    if (!wasMain) await learnMain(context, met);
    return false;
  }
  if (!wasMain) {
    await context.nodeFile.update((file) => ({ ...file, membership: supersede(file.membership, met) }));
    return false;
  }
  const reason = `Superseded: ${met.saidBy} is at term ${String(met.term)}, this server was main of term ${String(membership.term)}.`;
  const tookWrites = context.roles.view().writesAllowed && context.database.view().state === 'writable';
  // The gate first: it costs nothing, and no new write of the panel may start while the database is being shut.
  context.roles.shutGate(reason);
  const at = new Date(context.clock.nowMs()).toISOString();
  let isFirst = false;
  await context.nodeFile.update((file) => {
    // Two calls may have met the term at once; what happened is told once.
    isFirst = (file.membership?.term ?? met.term) < met.term;
    if (!isFirst) return file;
    const next = supersede(file.membership, met);
    return { ...file, membership: next === null ? null : { ...next, fence: { at, reason, term: met.term } } };
  });
  await enforceFence(context);
  if (!isFirst) return true;
  const details = { own_term: membership.term, met_term: met.term };
  const event = { actor: met.saidBy, severity: 'critical', nodeId: membership.node_id, details } as const;
  if (met.speakerIsMain === true && tookWrites) {
    // SAFETY §6: seen within one probe of healing. Nothing is thrown away, and the admin chooses.
    const message = `Two servers took writes: this one of term ${String(membership.term)} and ${met.saidBy} of term ${String(met.term)}. The rows of both are kept.`;
    await recordEvent(context, { ...event, type: 'split_brain_detected', message });
  }
  await recordEvent(context, { ...event, type: 'main_fenced', message: reason });
  return true;
}

function supersede(membership: Membership | null, met: HigherTerm): Membership | null {
  if (membership === null) return null;
  // Unknown main: anyone but this server. Its own id would make it main again at the next start; a candidate that has
  // only claimed the term still names it.
  if (met.mainNodeId !== null && met.mainNodeId !== membership.node_id) {
    return withMain(membership, met.mainNodeId, met.term);
  }
  const other = membership.peers.find((peer) => peer.node_id !== membership.node_id);
  const known = membership.main_node_id !== membership.node_id ? membership.main_node_id : other?.node_id;
  return known === undefined ? { ...membership, term: met.term } : withMain(membership, known, met.term);
}

/** A term is often met before it has a main: who it is comes with the next probe or announcement of that term. */
async function learnMain(context: ClusterContext, met: HigherTerm): Promise<void> {
  const { mainNodeId, term } = met;
  if (met.speakerIsMain !== true || mainNodeId === null) return;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership === null || membership.term !== term || membership.main_node_id === mainNodeId) return file;
    return { ...file, membership: withMain(membership, mainNodeId, term) };
  });
}

const fencing = new WeakMap<ClusterContext, Promise<void>>();

/**
 * Puts a fenced server's database into recovery, now and after every restart of either process, until it is there.
 * Several callers at once wait for one fence: a heartbeat, a probe and an announcement may name a new term together.
 */
export function enforceFence(context: ClusterContext): Promise<void> {
  const running = fencing.get(context);
  if (running !== undefined) return running;
  const begun = fenceOnce(context).finally(() => fencing.delete(context));
  fencing.set(context, begun);
  return begun;
}

async function fenceOnce(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.fence == null) return;
  context.roles.shutGate(membership.fence.reason);
  const { state } = context.database.view();
  if (state === 'recovery') context.memory.standingFaults.delete('fence');
  // A database that is down writes nothing; the fence service waits for it to come up.
  if (state !== 'writable') return;
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
