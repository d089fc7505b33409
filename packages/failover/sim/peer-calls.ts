/** What servers say to each other: status both ways, promises, the word that main is main, grants. */
import { forksOf, stateOf, timelineOf, walFlows } from './database.ts';
import { fenceDelayMs } from './guard.ts';
import { fenceDatabase } from './database.ts';
import { call, isConnected } from './network.ts';
import { freshPeer } from './fresh-process.ts';
import { isListWhole, ownPromotions } from './own-promotions.ts';
import { bootMs, nodeOf, note } from './schedule-event.ts';
import type { PeerMemory, PeerStatus, SimNode, World } from './world-types.ts';
import { GRANT_MARGIN_MS, GRANT_VALID_MS } from '../src/plans.ts';

export function statusOf(world: World, node: SimNode): PeerStatus {
  const { file, database } = node;
  const state = stateOf(database);
  return {
    nodeId: node.id,
    version: node.version,
    term: file.term,
    role: file.role,
    mainNodeId: file.mainNodeId,
    databaseState: state,
    promotions: file.role === 'main' ? ownPromotions(node) : [],
    listIsWhole: isListWhole(world, node),
    endLsn: database.endLsn,
    timeline: timelineOf(database).number,
    forks: forksOf(database),
    walFlows: walFlows(world, node),
    following: isFollowing(node),
    peers: file.peers,
    lastFailover: file.lastFailover,
  };
}

function isFollowing({ file, database }: SimNode): boolean {
  if (file.role === 'main' || file.fenced || file.diverged || file.removed) return false;
  return database.process === 'up' && database.recovery && database.upstream === file.mainNodeId;
}

export function peerOf({ process }: SimNode, id: number): PeerMemory {
  const known = process.peers.get(id);
  if (known !== undefined) return known;
  const fresh = freshPeer();
  process.peers.set(id, fresh);
  return fresh;
}

/** A signed exchange: the caller's status goes along, so that each hears the other. */
export function hear(world: World, node: SimNode, status: PeerStatus, askedMs: number | null): void {
  const peer = peerOf(node, status.nodeId);
  peer.heardMs = bootMs(world, node);
  // What comes unasked may be old: it says that the other lives, and its term, and not how much it has received.
  peer.status = status;
  peer.statusAskedMs = askedMs;
  meetTerm(node, status);
}

/** A main that meets a higher term is fenced by its own next decision; a secondary remembers it. */
function meetTerm({ file }: SimNode, status: PeerStatus): void {
  const isMain = status.role === 'main';
  if (file.role === 'main' || status.term < file.term) return;
  if (status.term > file.term) {
    file.term = status.term;
    if (isMain) file.mainNodeId = status.nodeId;
  } else if (isMain) {
    file.mainNodeId = status.nodeId;
  }
  if (!isMain || file.mainNodeId !== status.nodeId) return;
  if (status.lastFailover !== null) file.lastFailover = { ...status.lastFailover };
}

export function probePeers(world: World, node: SimNode): void {
  const { file } = node;
  if (file.removed) return;
  for (const id of file.peers) {
    const askedMs = bootMs(world, node);
    const own = statusOf(world, node);
    call(
      world,
      node,
      id,
      (target) => answerProbe(world, target, own),
      (status) => {
        const peer = peerOf(node, id);
        if (status === 'removed') hearOfRemoval(world, node, id);
        else if (status === null) peer.failedMs = Math.max(peer.failedMs ?? 0, askedMs);
        else hear(world, node, status, askedMs);
      },
    );
    if (id === file.mainNodeId) knock(world, node, id, askedMs);
  }
}

function answerProbe(world: World, target: SimNode, caller: PeerStatus): PeerStatus | 'removed' {
  // A removed caller gets a signed 410; nothing that it says is believed.
  if (!target.file.peers.includes(caller.nodeId)) return 'removed';
  hear(world, target, caller, null);
  return statusOf(world, target);
}

/** Only from the main that it follows: a main is removed by nobody. */
function hearOfRemoval(world: World, node: SimNode, fromId: number): void {
  if (node.file.removed || node.file.role === 'main' || node.file.mainNodeId !== fromId) return;
  node.file.removed = true;
  node.database.upstream = null;
  note(world, node, 'it learns that it was removed');
}

function knock(world: World, node: SimNode, id: number, askedMs: number): void {
  const target = nodeOf(world, id);
  const answers = target.machine === 'running' && target.database.process !== 'down' && isConnected(world, node.id, id);
  const peer = peerOf(node, id);
  if (answers) peer.databaseAnsweredMs = askedMs;
  else peer.databaseFailedMs = askedMs;
}

/** SAFETY §3 "Arbiter away": in node.json before it is said. */
export function answerPromise(world: World, target: SimNode, askedBy: number, term: number): boolean {
  const { file } = target;
  const refuses =
    file.role === 'main' || file.term > term || file.mainNodeId !== askedBy || file.operation !== null || file.removed;
  if (refuses || stateOf(target.database) === 'writable' || target.database.promoting) return false;
  const untilMs = bootMs(world, target) + world.policy.leaseTtlMs;
  file.promise = { untilMs, boot: target.boot };
  return true;
}

/** "You are still main", said by one that has been nothing else since. */
export function answerConfirmation({ file, database }: SimNode, askedBy: number, term: number): boolean {
  if (file.role === 'main' || file.mainNodeId !== askedBy || file.removed) return false;
  // A higher term that was given to this very main, and whose answer never reached it, takes nothing away from it.
  if (file.takenTerm > term) return false;
  return file.operation === null && stateOf(database) !== 'writable' && !database.promoting;
}

export interface GrantReply {
  readonly granted: boolean;
}

/** The point of no return: in main's node.json before it is sent. */
export function answerGrant(world: World, main: SimNode, operationId: number, candidateId: number): GrantReply {
  const { file } = main;
  const { handover, operation } = file;
  const isAsked = operation?.id === operationId && operation.candidateId === candidateId && !operation.takingBack;
  if (file.role !== 'main' || handover?.operationId !== operationId || !isAsked) return { granted: false };
  if (handover.state === 'granted') return { granted: true };
  if (handover.state !== 'shutting' || stateOf(main.database) === 'writable') return { granted: false };
  const goodUntilMs = bootMs(world, main) + GRANT_VALID_MS + GRANT_MARGIN_MS;
  file.handover = { ...handover, state: 'granted', goodUntilMs, boot: main.boot };
  operation.granted = true;
  note(world, main, `grants server ${String(candidateId)} to be main`);
  return { granted: true };
}

export type DiscardReply =
  /** With the last term that it took itself, which nobody writes under. */
  { readonly kind: 'discarded'; readonly term: number } | { readonly kind: 'promoted' } | { readonly kind: 'busy' };

/** The candidate's word that it has not been promoted by this operation and never will be. */
export function answerDiscard(world: World, candidate: SimNode, operationId: number): DiscardReply {
  const { file, database } = candidate;
  if (file.role === 'main' || stateOf(database) === 'writable') return { kind: 'promoted' };
  if (database.promoting) {
    // pg_promote runs: it is ended first, and the next question finds it ended.
    fenceDatabase(world, candidate, fenceDelayMs(world));
    return { kind: 'busy' };
  }
  if (file.operation !== null && file.operation.id !== operationId) return { kind: 'busy' };
  // Also of an operation that it has not heard of yet: what arrives late must find it refused.
  file.discarded = Math.max(file.discarded, operationId);
  if (file.operation?.id === operationId) {
    file.operation = null;
    candidate.process.step += 1;
    candidate.process.stepRunning = false;
    note(world, candidate, 'discards the grant');
  }
  if (file.handover?.operationId === operationId) file.handover = { ...file.handover, state: 'discarded' };
  // A database that is not up could still come up writable if its promotion had just ended: its file decides.
  if (database.process !== 'up' && !database.standbySignal) return { kind: 'busy' };
  return { kind: 'discarded', term: file.takenTerm };
}
