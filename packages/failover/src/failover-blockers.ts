import type { FailoverBlockerCode } from './decision.ts';
import { renewalIntervalMs } from './lease.ts';
import type { ArbiterFacts, Memory, Observation, PeerFacts, Policy } from './observation.ts';
import type { Reason } from './reason.ts';
import { bytesInWords, durationInWords } from './words.ts';

/** SAFETY §4: another automatic failover within an hour needs an admin who has seen the last one. */
const FLAP_WINDOW_MS = 3_600_000;

type Blocker = Reason<FailoverBlockerCode>;

/** What says that main is, or may be, alive. While one of them stands, nothing is wrong and nobody is told of the others. */
const SIGNS_OF_LIFE: ReadonlySet<FailoverBlockerCode> = new Set([
  'wal_flows',
  'main_answers',
  'main_database_answers',
  'main_not_silent_long_enough',
  'lease_held',
]);

export function isSignOfLife({ code }: Blocker): boolean {
  return SIGNS_OF_LIFE.has(code);
}

export interface Silence {
  /** How long main has been silent by every path; 0 while it is not. */
  readonly silentMs: number;
  /** Until `failover_after_ms`; null with an arbiter, where the lease decides. */
  readonly leftMs: number | null;
}

/** SAFETY §4 "main silent by every path", counted from this process's own start at the earliest. */
export function silenceOf(observation: Observation, policy: Policy): Silence {
  const { nowMs, self, database } = observation;
  const main = mainOf(observation);
  const lastMs = Math.max(self.startedMs, main?.heardMs ?? 0, main?.databaseAnsweredMs ?? 0);
  const silentMs = database.walFlows ? 0 : Math.max(0, nowMs - lastMs);
  const leftMs = observation.arbiter === null ? Math.max(0, policy.failoverAfterMs - silentMs) : null;
  return { silentMs, leftMs };
}

function mainOf({ self, peers }: Observation): PeerFacts | undefined {
  return peers.find(({ nodeId }) => nodeId === self.mainNodeId);
}

/**
 * Every reason why this secondary does not promote itself now: one for each condition of SAFETY §4, in the order in which
 * an admin would want to hear them. Empty: it promotes itself.
 */
export function failoverBlockers(observation: Observation, memory: Memory, policy: Policy): readonly Blocker[] {
  return [
    ...blockBySwitches(observation, policy),
    ...blockBySelf(observation),
    ...blockByMain(observation, policy),
    ...(observation.arbiter === null ? [] : blockByArbiter(observation, observation.arbiter, memory, policy)),
    ...blockByAgreements(observation),
    ...blockByData(observation, policy),
    ...blockByOthers(observation, memory, policy),
  ];
}

function blockBySwitches({ self, wallMs }: Observation, policy: Policy): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (!policy.autoFailover) blockers.push({ code: 'switched_off', sentence: 'Automatic failover is switched off.' });
  if (self.hold !== null && self.hold.wallUntilMs > wallMs) {
    const left = durationInWords(self.hold.wallUntilMs - wallMs);
    const sentence = `${self.hold.actor} holds automatic failover for another ${left}: ${self.hold.reason}`;
    blockers.push({ code: 'hold', sentence });
  }
  const last = self.lastFailover;
  // A clock that was set back must not make an old failover look like one to come.
  if (last !== null && !last.acknowledged && Math.abs(wallMs - last.wallAtMs) < FLAP_WINDOW_MS) {
    const sentence =
      'There was an automatic failover less than an hour ago which nobody has acknowledged; a second one waits for an admin.';
    blockers.push({ code: 'flapping', sentence });
  }
  return blockers;
}

function blockBySelf({ self, database }: Observation): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (self.cloning) {
    blockers.push({ code: 'cloning', sentence: "The copy of main's database is not complete." });
  } else if (database.state !== 'recovery') {
    blockers.push({ code: 'not_in_recovery', sentence: "This server's database is not a running replica." });
  }
  if (self.diverged) blockers.push({ code: 'diverged', sentence: 'This server holds rows that main does not have.' });
  else if (self.fenced) {
    blockers.push({ code: 'fenced', sentence: 'This server was superseded and does not follow the new main yet.' });
  }
  if (self.operation !== null) {
    blockers.push({ code: 'operation_running', sentence: `This server is busy with ${self.operation}.` });
  }
  return blockers;
}

function blockByMain(observation: Observation, policy: Policy): readonly Blocker[] {
  const { database, arbiter, nowMs } = observation;
  const blockers: Blocker[] = [];
  const main = mainOf(observation);
  // A main that was shut goes on sending keep-alives: its walsender is a sign of life of PostgreSQL, not of a writer.
  // Without a lease that has ended nothing says that it will stay shut, so there it counts all the same.
  if (database.walFlows && !(arbiter !== null && database.upstreamInRecovery === true)) {
    blockers.push({ code: 'wal_flows', sentence: "Main's WAL still flows: its database lives." });
  }
  if (arbiter === null) blockers.push(...blockBySounds(observation, main, policy));
  if (main?.version == null) {
    const sentence = 'Which panel version main ran is not known: it has not been heard since this server started.';
    blockers.push({ code: 'version_unknown', sentence });
  } else if (main.version !== observation.self.version) {
    const sentence = `Main ran version ${main.version}, this server runs ${observation.self.version}.`;
    blockers.push({ code: 'versions_differ', sentence });
  }
  // A main that stopped answering an instant ago is not yet silent, whatever the clock of the last answer says.
  if (arbiter === null && main?.heardMs != null && main.heardMs > nowMs) {
    blockers.push({ code: 'main_answers', sentence: 'Main has just answered.' });
  }
  return blockers;
}

/** Without an arbiter only silence speaks for a death: API, PostgreSQL's port and WAL, each asked after its last sound. */
function blockBySounds(observation: Observation, main: PeerFacts | undefined, policy: Policy): readonly Blocker[] {
  const { silentMs, leftMs } = silenceOf(observation, policy);
  const blockers: Blocker[] = [];
  if (main !== undefined && !main.apiSilent) {
    blockers.push({ code: 'main_answers', sentence: 'Main answers, or has not been asked since it last did.' });
  }
  if (main !== undefined && !main.databaseSilent) {
    const sentence = "Main's PostgreSQL port answers, or has not been asked since it last did.";
    blockers.push({ code: 'main_database_answers', sentence });
  }
  if (leftMs !== null && leftMs > 0) {
    const sentence = `Main has been silent for ${durationInWords(silentMs)}; after ${durationInWords(policy.failoverAfterMs)} it counts as lost.`;
    blockers.push({ code: 'main_not_silent_long_enough', sentence });
  }
  return blockers;
}

function blockByArbiter(
  { nowMs, self }: Observation,
  arbiter: ArbiterFacts,
  memory: Memory,
  policy: Policy,
): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const staleMs = arbiter.heardMs === null ? Infinity : nowMs - arbiter.heardMs;
  if (arbiter.silent || staleMs > 2 * renewalIntervalMs(policy)) {
    blockers.push({ code: 'arbiter_away', sentence: 'The arbiter does not answer, so nobody can be made main by it.' });
  }
  if (arbiter.lease !== null) {
    const sentence = `Node ${String(arbiter.lease.nodeId)} holds the lease of term ${String(arbiter.lease.term)}.`;
    blockers.push({ code: 'lease_held', sentence });
  }
  const waitMs = absenceWaitMs(nowMs, arbiter, memory, policy);
  if (arbiter.term === null) {
    blockers.push({ code: 'arbiter_forgot', sentence: 'The arbiter knows nothing of this cluster; main sets it up.' });
  } else if (waitMs > 0) {
    const sentence = `The arbiter shows no lease, but its end was not seen: another ${durationInWords(waitMs)} is waited.`;
    blockers.push({ code: 'arbiter_forgot', sentence });
  }
  if (arbiter.term !== null && !arbiter.isMember) {
    blockers.push({ code: 'not_in_arbiter', sentence: 'The arbiter does not list this server as a member.' });
  }
  if (nowMs - self.startedMs < policy.leaseTtlMs) {
    const sentence = 'This panel started less than one lease ago and may have promised not to promote.';
    blockers.push({ code: 'just_started', sentence });
  }
  return blockers;
}

/**
 * SAFETY §3: an arbiter that forgot (another cluster id, a revision that fell), or a lease that is absent though nobody
 * saw it end, is believed only after one TTL: whoever held it has shut itself by then.
 */
export function absenceWaitMs(nowMs: number, arbiter: ArbiterFacts, memory: Memory, policy: Policy): number {
  const unseenMs = memory.leaseSeen || memory.leaseAbsentMs === null ? null : memory.leaseAbsentMs;
  const sinceMs = Math.max(unseenMs ?? -Infinity, arbiter.forgotMs ?? -Infinity);
  return sinceMs === -Infinity ? 0 : Math.max(0, sinceMs + policy.leaseTtlMs - nowMs);
}

function blockByAgreements({ nowMs, self }: Observation): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (self.promisedUntilMs !== null && self.promisedUntilMs > nowMs) {
    const left = durationInWords(self.promisedUntilMs - nowMs);
    blockers.push({ code: 'promise_runs', sentence: `This server promised main not to be promoted for ${left}.` });
  }
  const handover = self.handover;
  if (handover !== null && (handover.state === 'asked' || handover.state === 'granted')) {
    blockers.push({ code: 'grant_open', sentence: 'A planned change of main is not settled yet.' });
  }
  return blockers;
}

function blockByData({ self, database, arbiter }: Observation, policy: Policy): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const limit = policy.maxFailoverLagBytes;
  if (limit !== null && database.lagBytes === null) {
    blockers.push({ code: 'lag_unknown', sentence: 'How far this server is behind main is not known.' });
  } else if (limit !== null && database.lagBytes !== null && database.lagBytes > limit) {
    const sentence = `${bytesInWords(database.lagBytes)} of main's WAL are missing here; the limit is ${bytesInWords(limit)}.`;
    blockers.push({ code: 'lag_over_limit', sentence });
  }
  // The record, not the setting: between a change of the setting and its taking effect only the record is true.
  if (policy.durability === 'sync' && arbiter !== null && !isSynchronous(arbiter, self.nodeId)) {
    const sentence =
      'Main went on without its synchronous standby: what it acknowledged since then may be missing here.';
    blockers.push({ code: 'not_synchronous', sentence });
  }
  return blockers;
}

function isSynchronous({ durability }: ArbiterFacts, nodeId: number): boolean {
  return durability?.state === 'sync' && durability.nodeIds.includes(nodeId);
}

/** The one that has received most goes first; between equals, the lower node id. */
function blockByOthers(observation: Observation, memory: Memory, policy: Policy): readonly Blocker[] {
  const { self, peers, arbiter } = observation;
  const named = policy.durability === 'sync' ? (arbiter?.durability?.nodeIds ?? []) : [];
  const blockers: Blocker[] = [];
  // A removed server is no peer any more, and may still hold the only copy; so may a main of which the record still speaks
  // as of a secondary, since it was promoted before the record was written anew.
  // Before the lease has ended nobody can have said so, and the lease is reason enough.
  for (const nodeId of memory.leaseAbsentMs === null ? [] : named) {
    const peer = peers.find((each) => each.nodeId === nodeId);
    if (nodeId === self.nodeId || (peer !== undefined && saidItsEnd(peer, memory))) continue;
    const sentence = `Node ${String(nodeId)} may hold acknowledged writes that are missing here, and has not said so since main's lease ended.`;
    blockers.push({ code: 'other_not_heard', sentence });
  }
  for (const peer of peers) {
    const id = String(peer.nodeId);
    const holdsPromisedWrites = named.includes(peer.nodeId);
    if (peer.nodeId === self.mainNodeId && !holdsPromisedWrites) continue;
    if (goesFirst(peer, observation, memory, policy, holdsPromisedWrites)) {
      const sentence = `Node ${id} has received as much or more and goes first.`;
      blockers.push({ code: 'other_is_ahead', sentence });
    }
  }
  return blockers;
}

/** What it had received was asked for when main could not acknowledge anything any more: it can only be all. */
function saidItsEnd(peer: PeerFacts, { leaseAbsentMs }: Memory): boolean {
  const askedMs = peer.receivedAskedMs === undefined ? peer.heardMs : peer.receivedAskedMs;
  return peer.receivedLsn !== null && askedMs !== null && leaseAbsentMs !== null && askedMs >= leaseAbsentMs;
}

function goesFirst(
  peer: PeerFacts,
  observation: Observation,
  memory: Memory,
  policy: Policy,
  holdsPromisedWrites: boolean,
): boolean {
  const { self, database, nowMs } = observation;
  const { receivedLsn } = peer;
  if (receivedLsn === null) return false;
  // What was promised stands above everything: one that holds more of it goes first even when it cannot go now.
  if (holdsPromisedWrites && (database.receivedLsn === null || receivedLsn > database.receivedLsn)) return true;
  const { silentMs } = silenceOf(observation, policy);
  const isHeard = peer.heardMs !== null && nowMs - peer.heardMs < Math.max(silentMs, policy.leaseTtlMs);
  if (!isHeard || !peer.following || !isAhead(peer, self.nodeId, database.receivedLsn)) return false;
  // One that is ahead but does not act must not keep the provider down for ever.
  return !waitedForOthers(observation, memory, policy);
}

function isAhead(peer: PeerFacts, ownNodeId: number, ownLsn: bigint | null): boolean {
  if (peer.receivedLsn === null) return false;
  if (ownLsn === null || peer.receivedLsn > ownLsn) return true;
  return peer.receivedLsn === ownLsn && peer.nodeId < ownNodeId;
}

function waitedForOthers(observation: Observation, memory: Memory, policy: Policy): boolean {
  if (observation.arbiter === null) {
    return (
      silenceOf(observation, policy).silentMs > policy.failoverAfterMs + Math.max(10_000, policy.failoverAfterMs / 4)
    );
  }
  return memory.leaseAbsentMs !== null && observation.nowMs - memory.leaseAbsentMs > policy.leaseTtlMs;
}
