/** What the panel's process has seen, as the core's observation: the simulator's twin of the one place in the BFF. */
import { lsnDistanceBytes } from '../src/lsn.ts';
import type {
  ArbiterFacts,
  DatabaseFacts,
  HandoverFacts,
  Observation,
  PeerFacts,
  SelfFacts,
} from '../src/observation.ts';
import { stateOf, walFlows } from './database.ts';
import { freshPeer } from './fresh-process.ts';
import { bootMs, wallMs } from './schedule-event.ts';
import type { PeerStatus, SimNode, World } from './world-types.ts';

export function observe(world: World, node: SimNode): Observation {
  const nowMs = bootMs(world, node);
  return {
    nowMs,
    wallMs: wallMs(world, node),
    self: selfFacts(world, node),
    database: databaseFacts(world, node, nowMs),
    peers: node.file.peers.map((id) => peerFacts(world, node, id, nowMs)),
    arbiter: world.arbiter === null ? null : arbiterFacts(world, node),
  };
}

function selfFacts(world: World, node: SimNode): SelfFacts {
  const { file, process } = node;
  const { promise } = file;
  const keepsPromise = world.config.mutant !== 'promise' && promise !== null && promise.boot === node.boot;
  return {
    nodeId: node.id,
    role: file.role,
    mainNodeId: file.mainNodeId,
    term: file.term,
    version: node.version,
    startedMs: process.startedMs,
    fenced: file.fenced,
    diverged: file.diverged,
    cloning: false,
    operation: file.operation?.kind ?? null,
    gateOpen: process.gateOpen,
    promisedUntilMs: keepsPromise ? promise.untilMs : null,
    handover: handoverFacts(node),
    hold: file.hold === null ? null : { ...file.hold, actor: 'An admin', reason: 'work on the network' },
    lastFailover: file.lastFailover,
    lease:
      process.lease === null
        ? null
        : { renewedMs: process.lease.renewedMs, ttlMs: world.policy.leaseTtlMs, lost: process.lease.lost },
  };
}

function handoverFacts({ file, boot }: SimNode): HandoverFacts | null {
  const { handover } = file;
  if (handover === null) return null;
  // An instant of an earlier boot has passed.
  const goodUntilMs = handover.boot === boot ? handover.goodUntilMs : null;
  return { side: handover.side, state: handover.state, goodUntilMs };
}

function databaseFacts(world: World, node: SimNode, nowMs: number): DatabaseFacts {
  const { database, process, file } = node;
  const state = stateOf(database);
  if (process.databaseState !== state) {
    process.databaseState = state;
    process.databaseSinceMs = nowMs;
    if (state === 'writable' || state === 'recovery') process.startTried = false;
    // "You are still main" was said of another start of the database.
    for (const peer of process.peers.values()) peer.confirmsMain = null;
  }
  const mainEnd = process.peers.get(file.mainNodeId)?.status?.endLsn ?? null;
  const receivedLsn = BigInt(database.endLsn);
  return {
    state,
    sinceMs: process.databaseSinceMs,
    refusesConnections: state === 'down',
    walFlows: walFlows(world, node),
    upstreamInRecovery: database.upstreamInRecovery,
    receivedLsn,
    lagBytes: mainEnd === null ? null : lsnDistanceBytes(BigInt(mainEnd), receivedLsn),
    standbySignal: world.config.mutant === 'standby_signal' ? true : database.standbySignal,
    guardAlive: world.config.mutant === 'guard' ? true : node.guard.alive,
    startTried: process.startTried,
    canStart: world.config.canStart,
    synchronous: {
      nodeIds: database.syncNames,
      caughtUpNodeIds: [],
      stalledSinceMs: database.stalledSinceMs,
    },
  };
}

function peerFacts(world: World, node: SimNode, nodeId: number, nowMs: number): PeerFacts {
  const peer = node.process.peers.get(nodeId) ?? freshPeer();
  const { status } = peer;
  // A word about who is main counts for one TTL: for so long nobody can have taken and lost a lease since.
  const confirms = peer.confirmAskedMs !== null && nowMs - peer.confirmAskedMs < world.policy.leaseTtlMs;
  const believesAnyway = world.config.mutant === 'vouching' && world.arbiter !== null;
  return {
    nodeId,
    heardMs: peer.heardMs,
    apiSilent: isAfter(peer.failedMs, peer.heardMs),
    databaseAnsweredMs: peer.databaseAnsweredMs,
    databaseSilent: isAfter(peer.databaseFailedMs, peer.databaseAnsweredMs),
    version: status?.version ?? null,
    term: status?.term ?? null,
    mainNodeId: status?.mainNodeId ?? null,
    isWritingMain: isWritingMain(status),
    promotionIds: [],
    receivedLsn: status === null ? null : BigInt(status.endLsn),
    receivedAskedMs: peer.statusAskedMs,
    walFlows: status?.walFlows ?? false,
    following: status?.following ?? false,
    promiseAskedMs: peer.promiseAskedMs,
    promisedForMs: world.policy.leaseTtlMs,
    confirmsMain: believesAnyway ? true : confirms ? peer.confirmsMain : null,
    confirmAskedMs: believesAnyway ? nowMs : peer.confirmAskedMs,
  };
}

export function isWritingMain(status: PeerStatus | null): boolean {
  return status !== null && status.role === 'main' && status.databaseState === 'writable';
}

function isAfter(failedMs: number | null, goodMs: number | null): boolean {
  return failedMs !== null && (goodMs === null || failedMs >= goodMs);
}

function arbiterFacts(world: World, node: SimNode): ArbiterFacts {
  const { view, heardMs, silent, forgotMs } = node.process.arbiter;
  const trusts = world.config.mutant === 'wait_one_ttl';
  return {
    heardMs,
    silent,
    lease: view?.main ?? null,
    term: view?.term ?? null,
    isMember: world.config.mutant === 'member_key' || (view?.members.includes(node.id) ?? false),
    memberNodeIds: view?.members ?? [],
    durability: view?.durability ?? null,
    forgotMs: trusts ? null : forgotMs,
  };
}
