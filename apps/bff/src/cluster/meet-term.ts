/**
 * Terms: a main that meets a higher one has been superseded and fences itself; nothing is rewound and no side is chosen
 * here (SAFETY §3). A secondary that meets one remembers it.
 */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { sidesOf } from './describe-sides.ts';
import { forgetLease } from './hold-lease.ts';
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
  // As in rule 20: the arbiter gave it to this very server, and the answer was lost. The lease is found again by itself.
  if (context.arbiter.configured && met.mainNodeId === membership.node_id) return false;
  if (isGivingAway(membership) && !(await giveAway(context, membership, met))) return false;
  if (configuredRole(context.nodeFile.get().membership) !== 'main') return false;
  const reason = `Superseded: ${met.saidBy} is at term ${String(met.term)}, this server was main of term ${String(membership.term)}.`;
  const tookWrites = context.roles.view().writesAllowed && context.database.view().state === 'writable';
  const isFirst = await shut(context, reason, met);
  if (!isFirst) return true;
  const other = { nodeId: met.mainNodeId, term: met.term };
  const event = { actor: met.saidBy, severity: 'critical', nodeId: membership.node_id } as const;
  const details = sidesOf(context, membership, other);
  if (met.speakerIsMain === true && tookWrites) {
    // SAFETY §6: seen within one probe of healing. Nothing is thrown away, and the admin chooses.
    const message = `Two servers took writes: this one of term ${String(membership.term)} and ${met.saidBy} of term ${String(met.term)}. The rows of both are kept.`;
    await recordEvent(context, { ...event, details, type: 'split_brain_detected', message });
  }
  await recordEvent(context, { ...event, details, type: 'main_fenced', message: reason });
  return true;
}

/**
 * Two mains of one term that both take writes: "I am the only main" was said on both. Both are shut; which one goes on is
 * an admin's to say (SAFETY §3). Does nothing when no such other main is known.
 */
export async function meetEqualTerm(context: ClusterContext, otherNodeId?: number): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'main') return;
  const twin = otherNodeId ?? twinOf(context, membership);
  if (twin === null) return;
  const reason = `Node ${String(twin)} is main of the same term ${String(membership.term)}: both were shut, and an admin chooses which one goes on.`;
  const details = sidesOf(context, membership, { nodeId: twin, term: membership.term });
  const isFirst = await shut(context, reason, { term: membership.term, mainNodeId: twin, saidBy: '' });
  if (!isFirst) return;
  const event = { actor: 'system', severity: 'critical', nodeId: membership.node_id, details } as const;
  const message = `Two servers took writes as main of term ${String(membership.term)}: this one and node ${String(twin)}. The rows of both are kept.`;
  await recordEvent(context, { ...event, type: 'split_brain_detected', message });
  await recordEvent(context, { ...event, type: 'main_fenced', message: reason });
}

function twinOf(context: ClusterContext, membership: Membership): number | null {
  const replies = [...context.memory.probes.values()].flatMap(({ reply }) => (reply === null ? [] : [reply]));
  const twin = replies.find(
    (reply) => reply.effective_role === 'main' && reply.database_state === 'writable' && reply.term === membership.term,
  );
  return twin?.node_id ?? null;
}

/** The gate, then node.json, then the database. Resolves with whether this call was the one that wrote the fence. */
async function shut(context: ClusterContext, reason: string, met: HigherTerm): Promise<boolean> {
  // The gate first: it costs nothing, and no new write of the panel may start while the database is being shut.
  context.roles.shutGate(reason);
  const at = new Date(context.clock.nowMs()).toISOString();
  let isFirst = false;
  await context.nodeFile.update((file) => {
    // Two calls may have met the term at once; what happened is told once.
    isFirst = file.membership !== null && configuredRole(file.membership) === 'main';
    if (!isFirst) return file;
    const next = supersede(file.membership, met);
    const equal = met.term === file.membership?.term ? { equal_term: true } : {};
    const fence = { at, reason, term: met.term, ...equal };
    return { ...file, membership: next === null ? null : { ...next, fence } };
  });
  await enforceFence(context);
  // A superseded main's lease has ended, or is the new main's: it is not this server's to end.
  if (context.memory.lease !== null || context.nodeFile.get().membership?.lease != null) await forgetLease(context);
  return isFirst;
}

/** After the grant this main is shut, and a higher term is its candidate's claim until the candidate says that it is main. */
function isGivingAway({ handover }: Membership): boolean {
  return handover?.side === 'main' && (handover.state === 'granted' || handover.state === 'rolled_back');
}

/** The end of a planned change: nothing was taken away, and nothing is fenced. False: it is not the time yet. */
async function giveAway(context: ClusterContext, { handover }: Membership, met: HigherTerm): Promise<boolean> {
  if (met.speakerIsMain !== true) return false;
  if (handover?.state !== 'granted' || met.mainNodeId !== handover.candidate_node_id) return true;
  context.memory.lease = null;
  await context.nodeFile.update((file) => {
    const next = supersede(file.membership, met);
    return next === null ? file : { ...file, membership: { ...next, handover: null, lease: null } };
  });
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
    // Two mains of one term: this member stays with its own until that one is shut, or it would turn with each probe.
    const known = context.memory.probes.get(membership.main_node_id);
    const isMain = known?.lastFailedAtMs === null && known.reply?.role === 'main' && known.reply.term === term;
    if (isMain) return file;
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
