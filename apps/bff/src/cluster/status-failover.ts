/** Automatic failover, arbiter and durability as this server sees them now (SAFETY §3, §4). */
import type { ArbiterStatus, ClusterStatus, DurabilityStatus, FailoverStatus } from '@proxpanel/contracts/status';
import { durationInWords } from '@proxpanel/failover/words';
import type { Reason } from '@proxpanel/contracts/primitives';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, otherPeers, peerById } from './membership.ts';
import type { Membership } from './node-file.ts';
import { policyOf } from './observe-for-decision.ts';
import { senderOf } from './observe-replication.ts';
import { bootMs } from './sounds.ts';

type Shown = Pick<ClusterStatus, 'failover' | 'arbiter' | 'durability' | 'divergence'>;

export function readChangeOfMain(context: ClusterContext): Shown {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) === 'standalone') {
    return { failover: null, arbiter: null, durability: null, divergence: null };
  }
  return {
    failover: readFailover(context, membership),
    arbiter: readArbiterStatus(context, membership),
    durability: readDurability(context, membership),
    divergence: membership.divergence,
  };
}

function readFailover(context: ClusterContext, membership: Membership): FailoverStatus {
  const { decision } = context.memory;
  const known = { hold: membership.hold, last_failover: membership.last_failover };
  if (configuredRole(membership) === 'main') {
    const blockers = blockersSeenByMain(context, membership);
    const sentence = mainSentence(context, membership, blockers);
    return { ...known, armed: blockers.length === 0, countdown_ms: null, sentence, blockers };
  }
  if (decision === null) {
    const sentence = 'This server has just started and has not decided yet.';
    return { ...known, armed: false, countdown_ms: null, sentence, blockers: [] };
  }
  const { countdownMs, blockers, sentence } = decision;
  return {
    ...known,
    armed: blockers.length === 0 || countdownMs !== null,
    countdown_ms: countdownMs === null ? null : Math.max(0, Math.round(countdownMs)),
    sentence,
    blockers: [...blockers],
  };
}

/** What main knows that would keep its secondaries from taking over; each of them decides by itself. */
function blockersSeenByMain(context: ClusterContext, membership: Membership): Reason[] {
  const { hold, last_failover: last, settings } = membership;
  const nowMs = context.clock.nowMs();
  const blockers: Reason[] = [];
  if (!settings.auto_failover) blockers.push({ code: 'switched_off', sentence: 'Automatic failover is switched off.' });
  if (hold !== null && Date.parse(hold.until) > nowMs) {
    blockers.push({ code: 'hold', sentence: `${hold.actor} holds automatic failover: ${hold.reason}` });
  }
  if (last !== null && !last.acknowledged && Math.abs(nowMs - Date.parse(last.at)) < 3_600_000) {
    const sentence = 'There was an automatic failover less than an hour ago which nobody has acknowledged.';
    blockers.push({ code: 'flapping', sentence });
  }
  const able = otherPeers(membership).filter((peer) => {
    const reply = context.memory.probes.get(peer.node_id)?.reply;
    return reply?.standing === 'following' && reply.receiver_streaming && reply.version === context.own.version;
  });
  if (able.length === 0) {
    const sentence = 'No other server follows this one with the same panel version, so none could take over.';
    blockers.push({ code: 'no_candidate', sentence });
  }
  return blockers;
}

function mainSentence(context: ClusterContext, membership: Membership, blockers: readonly Reason[]): string {
  const { decision } = context.memory;
  if (context.database.view().state !== 'writable' && decision !== null) return decision.sentence;
  if (blockers.length > 0) return 'If this server is lost now, no other one takes over by itself.';
  const { failoverAfterMs, leaseTtlMs } = policyOf(context, membership);
  return context.arbiter.configured
    ? `If this server is lost, a secondary takes over once the lease of ${durationInWords(leaseTtlMs)} has ended.`
    : `If this server is silent by every path for ${durationInWords(failoverAfterMs)}, a secondary takes over.`;
}

function readArbiterStatus(context: ClusterContext, membership: Membership): ArbiterStatus | null {
  if (!context.arbiter.configured) return null;
  const { arbiter, decision, guardAlive } = context.memory;
  const isMain = configuredRole(membership) === 'main';
  const { leaseTtlMs } = policyOf(context, membership);
  const deadlineMs = isMain ? (decision?.deadlineMs ?? null) : null;
  const forgot = arbiter.forgotMs !== null && bootMs(context) - arbiter.forgotMs < leaseTtlMs;
  const isAway = arbiter.silent || arbiter.heardMs === null;
  const holder = arbiter.view?.main?.nodeId ?? null;
  return {
    state: isAway ? 'away' : forgot ? 'forgetful' : 'ok',
    sentence: arbiterSentence(context, membership, { isAway, forgot, holder }),
    lease_node_id: isAway ? null : holder,
    lease_ttl_ms: leaseTtlMs,
    deadline_in_ms: deadlineMs === null ? null : deadlineMs - bootMs(context),
    guard_alive: isMain ? guardAlive : null,
  };
}

function arbiterSentence(
  { memory: { arbiter } }: ClusterContext,
  membership: Membership,
  { isAway, forgot, holder }: { isAway: boolean; forgot: boolean; holder: number | null },
): string {
  if (isAway) {
    const because = arbiter.sentence === '' ? 'It has not answered yet.' : arbiter.sentence;
    return `The arbiter does not answer, so nobody is made main by it; main goes on while every secondary promises to wait. ${because}`;
  }
  if (forgot) return 'The arbiter has lost what it knew; one lease is waited before it is believed.';
  if (holder === null) return 'The arbiter answers, and no server holds the lease now.';
  const name = peerById(membership, holder)?.display_name;
  return `The arbiter answers; ${name === undefined ? `node ${String(holder)}` : `"${name}"`} holds the lease.`;
}

function readDurability(context: ClusterContext, membership: Membership): DurabilityStatus {
  const wanted = membership.settings.durability;
  const { state, since } = durabilityNow(context, membership);
  return { wanted, state, since, sentence: durabilitySentences[state] };
}

const durabilitySentences: Record<DurabilityStatus['state'], string> = {
  async: 'A commit is acknowledged as soon as main has it; the last moments before a loss of main may be missing.',
  sync: 'A commit is acknowledged once a secondary has it on disk, too.',
  degraded: 'Commits wait for no standby now although they should: what main acknowledges may be lost with it.',
  stalled: 'Commits wait: no synchronous standby answers.',
  unknown: 'This server cannot tell now.',
};

function durabilityNow(context: ClusterContext, membership: Membership): Pick<DurabilityStatus, 'state' | 'since'> {
  const { synchronous, stalledSinceMs, arbiter } = context.memory;
  const record = arbiter.view?.durability.record ?? null;
  const written = membership.durability?.since ?? null;
  const wantsSync = membership.settings.durability === 'sync';
  if (configuredRole(membership) !== 'main') {
    // Only main sees its own commits; with an arbiter its record says the same to everybody.
    if (record === null || arbiter.silent) return { state: wantsSync ? 'unknown' : 'async', since: null };
    const state = record.state === 'sync' ? 'sync' : wantsSync ? 'degraded' : 'async';
    return { state, since: record.since };
  }
  if (synchronous === null) return { state: 'unknown', since: null };
  if (stalledSinceMs !== null) {
    const since = new Date(context.clock.nowMs() - (bootMs(context) - stalledSinceMs)).toISOString();
    return { state: 'stalled', since };
  }
  const since = record?.since ?? written;
  if (synchronous.nodeIds.length === 0) return { state: wantsSync ? 'degraded' : 'async', since };
  const streams = synchronous.nodeIds.some((id) => isStreaming(context, id));
  return { state: streams ? 'sync' : 'stalled', since };
}

function isStreaming({ memory: { positions } }: ClusterContext, nodeId: number): boolean {
  return positions !== null && senderOf(positions, nodeId)?.state === 'streaming';
}
