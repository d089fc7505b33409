/** The one place where what this server has seen becomes the pure core's observation (DESIGN §2: no other mapping layer). */
import { lsnDistanceBytes, parseLsn } from '@proxpanel/failover/lsn';
import { leaseMarginMs } from '@proxpanel/failover/lease';
import type {
  ArbiterFacts,
  DatabaseFacts,
  Observation,
  PeerFacts,
  Policy,
  SelfFacts,
} from '@proxpanel/failover/observation';
import type { Peer } from '@proxpanel/contracts/peer';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { receiverStreams } from './observe-replication.ts';
import { bootMs, soundsOf } from './sounds.ts';

/** Reads memory and files at hand alone: no IO, so that a tick costs nothing and is never late. */
export function observeForDecision(context: ClusterContext, membership: Membership): Observation {
  const nowMs = bootMs(context);
  return {
    nowMs,
    wallMs: context.clock.nowMs(),
    self: selfFacts(context, membership),
    database: databaseFacts(context),
    peers: otherPeers(membership).map((peer) => peerFacts(context, peer)),
    arbiter: context.arbiter.configured ? arbiterFacts(context, membership) : null,
  };
}

export function policyOf(context: ClusterContext, membership: Membership): Policy {
  const { settings } = membership;
  // The arbiter's value wins: both servers must count with the same lease.
  const leaseTtlMs = context.memory.lease?.ttlMs ?? context.memory.arbiter.view?.main?.ttlMs ?? context.own.leaseTtlMs;
  return {
    autoFailover: settings.auto_failover,
    failoverAfterMs: settings.failover_after_ms,
    dbDownAfterMs: settings.db_down_after_ms,
    durability: settings.durability,
    maxFailoverLagBytes: settings.max_failover_lag_bytes,
    selfPromoteAfterMs: settings.self_promote_after_ms,
    leaseTtlMs,
    leaseMarginMs: leaseMarginMs(leaseTtlMs),
  };
}

function selfFacts(context: ClusterContext, membership: Membership): SelfFacts {
  const file = context.nodeFile.get();
  const { hold, last_failover: last, handover, promise } = membership;
  const lease = context.memory.lease;
  return {
    nodeId: membership.node_id,
    role: configuredRole(membership) === 'main' ? 'main' : 'secondary',
    mainNodeId: membership.main_node_id,
    term: membership.term,
    version: context.own.version,
    startedMs: context.own.startedMs,
    fenced: membership.fence !== null,
    diverged: membership.divergence !== null,
    cloning: file.join_script !== null && !file.join_script.finished,
    operation: context.lock.running(),
    gateOpen: context.roles.view().gateShutBecause === null,
    promisedUntilMs: promise === null ? null : ownInstant(context, promise),
    handover:
      handover === null
        ? null
        : {
            side: handover.side,
            state: handover.state,
            goodUntilMs: handover.good_until === null ? null : ownInstant(context, handover.good_until),
          },
    hold: hold === null ? null : { wallUntilMs: Date.parse(hold.until), actor: hold.actor, reason: hold.reason },
    lastFailover: last === null ? null : { wallAtMs: Date.parse(last.at), acknowledged: last.acknowledged },
    overridden: membership.arbiter_override?.term === membership.term && membership.main_node_id === membership.node_id,
    lease: lease === null ? null : { renewedMs: lease.renewedMs, ttlMs: lease.ttlMs, lost: lease.lost },
  };
}

/** An instant of an earlier boot has passed: nothing that was waited for then runs now, and a promise ended with it. */
function ownInstant(context: ClusterContext, instant: { boot_id: string; boot_ms: number }): number | null {
  return instant.boot_id === context.clock.bootId() ? instant.boot_ms : null;
}

function databaseFacts(context: ClusterContext): DatabaseFacts {
  const { memory } = context;
  const view = context.database.view();
  const { positions } = memory;
  const received = positions?.receiveLsn ?? null;
  const mains = memory.mainWriteLsn?.lsn ?? null;
  return {
    state: view.state,
    sinceMs: memory.databaseSinceMs,
    refusesConnections: view.refused,
    walFlows: view.state === 'recovery' && receiverStreams(positions),
    upstreamInRecovery: memory.upstreamInRecovery,
    receivedLsn: received,
    lagBytes: received === null || mains === null ? null : lsnDistanceBytes(mains, received),
    standbySignal: memory.standbySignal,
    guardAlive: memory.guardAlive,
    startTried: memory.startTried,
    canStart: context.postgresControl.kind !== null && context.postgresControl.kind !== 'supervised',
    synchronous:
      memory.synchronous === null
        ? null
        : {
            nodeIds: memory.synchronous.nodeIds,
            caughtUpNodeIds: memory.synchronous.caughtUpNodeIds,
            stalledSinceMs: memory.stalledSinceMs,
          },
  };
}

function peerFacts(context: ClusterContext, peer: Peer): PeerFacts {
  const sounds = soundsOf(context, peer.node_id);
  const reply = context.memory.probes.get(peer.node_id)?.reply ?? null;
  return {
    nodeId: peer.node_id,
    heardMs: sounds.heardMs,
    apiSilent: isAfter(sounds.failedMs, sounds.heardMs),
    databaseAnsweredMs: sounds.databaseAnsweredMs,
    databaseSilent: isAfter(sounds.databaseFailedMs, sounds.databaseAnsweredMs),
    version: reply?.version ?? null,
    term: reply?.term ?? null,
    mainNodeId: reply?.main_node_id ?? null,
    isWritingMain: reply !== null && reply.effective_role === 'main' && reply.database_state === 'writable',
    promotionIds: reply?.promotions.map((promotion) => promotion.promotion_id) ?? [],
    receivedLsn: reply?.receive_lsn == null ? null : parseLsn(reply.receive_lsn),
    receivedAskedMs: sounds.receivedAskedMs,
    walFlows: reply?.receiver_streaming ?? false,
    following: reply?.standing === 'following' && reply.database_state === 'recovery',
    promiseAskedMs: sounds.promiseAskedMs,
    promisedForMs: sounds.promisedForMs,
    confirmsMain: sounds.confirmsMain,
    confirmAskedMs: sounds.confirmAskedMs,
  };
}

/** A failure that was begun after the last success. */
function isAfter(failedMs: number | null, goodMs: number | null): boolean {
  return failedMs !== null && (goodMs === null || failedMs >= goodMs);
}

function arbiterFacts(context: ClusterContext, membership: Membership): ArbiterFacts {
  const { view, heardMs, silent, forgotMs } = context.memory.arbiter;
  return {
    heardMs,
    silent,
    lease: view?.main == null ? null : { nodeId: view.main.nodeId, term: view.main.term },
    term: view?.term ?? null,
    isMember: view?.memberNodeIds.includes(membership.node_id) ?? false,
    memberNodeIds: view?.memberNodeIds ?? [],
    durability: view?.durability.record ?? null,
    forgotMs,
  };
}
