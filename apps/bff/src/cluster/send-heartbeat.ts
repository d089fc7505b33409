/** A secondary's sign of life, and what main answers to it (DESIGN §6.7). */
import { rotationGrantSchema, type HeartbeatBody, type HeartbeatReply } from '@proxpanel/contracts/peer';
import { formatLsn, parseLsn } from '@proxpanel/failover/lsn';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { endMembership } from './end-membership.ts';
import { fingerprintOf } from './setup-main.ts';
import { mainPeer, placeOf, standingOf, targetOf } from './membership.ts';
import { meetTerm } from './meet-term.ts';
import type { Membership } from './node-file.ts';
import { ownLag, receiverStreams } from './observe-replication.ts';
import { tagStillHeld } from './peers-tag.ts';
import { forgetTaken, journalToSend } from './share-journal.ts';
import { takeNotes } from './spread-notes.ts';
import { hear } from './sounds.ts';

const heartbeatTimeoutMs = 5_000;
const removedSentence =
  'Main has removed this server from the cluster. Its data is as it was at that moment, and read-only: ' +
  'join again to follow main, or run SELECT pg_promote() to use it on its own.';

/** Sends one heartbeat if this server is a secondary of an active cluster. A failed one is remembered, not thrown. */
export async function sendHeartbeat(context: ClusterContext, signal: AbortSignal): Promise<void> {
  const { membership, server_id: serverId } = context.nodeFile.get();
  if (membership?.is_active !== true || membership.main_node_id === membership.node_id) return;
  const main = mainPeer(membership);
  if (main === null) return;
  try {
    const body = heartbeatOf(context, membership, serverId);
    const options = { timeoutMs: heartbeatTimeoutMs, signal };
    const { body: reply } = await context.peers.call('heartbeat', targetOf(membership, main), body, options);
    if (!stillFollows(context, membership)) return;
    context.memory.lastHeartbeatSentOkAtMs = context.clock.nowMs();
    context.memory.lastHeartbeatFailure = null;
    hear(context, main.node_id);
    await applyReply(context, membership, reply);
  } catch (error) {
    if (signal.aborted) return;
    const isByMain = stillFollows(context, membership);
    if (isByMain && error instanceof Fault && error.code === 'NODE_REMOVED') {
      await endMembership(context, removedSentence);
      return;
    }
    if (isByMain && (await isDisbandedByRow(context, membership))) {
      await markDisbanded(context);
      return;
    }
    // Said once for each reason: a main that is away for a night must not fill the log with it.
    if (context.memory.lastHeartbeatFailure !== messageOf(error)) {
      context.log.warn({ reason: messageOf(error), main: main.api_url }, 'main did not take the heartbeat');
    }
    context.memory.lastHeartbeatFailure = messageOf(error);
  }
}

/** A former main's answer that was long under way neither removes a server that has taken over since nor changes its list. */
function stillFollows(context: ClusterContext, asked: Membership): boolean {
  const { membership } = context.nodeFile.get();
  return membership?.main_node_id === asked.main_node_id && membership.term === asked.term;
}

function heartbeatOf(context: ClusterContext, membership: Membership, serverId: string): HeartbeatBody {
  const { positions, resources } = context.memory;
  const script = context.nodeFile.get().join_script;
  const state = context.database.view().state;
  const lag = ownLag(context, positions);
  const lastPhase = script?.phases.at(-1);
  const ended = lastPhase?.phase === 'rolled_back' || lastPhase?.phase === 'failed';
  return {
    node_id: membership.node_id,
    server_id: serverId,
    term: membership.term,
    version: context.own.version,
    hold: membership.hold,
    last_failover: membership.last_failover,
    journal: journalToSend(context),
    standing: standingOf(membership),
    database_state: state,
    receiver_streaming: state === 'recovery' ? receiverStreams(positions) : null,
    receive_lsn: positions?.receiveLsn == null ? null : formatLsn(positions.receiveLsn),
    replay_lsn: positions?.replayLsn == null ? null : formatLsn(positions.replayLsn),
    cpu_percent: resources.cpuPercent,
    memory_percent: resources.memoryPercent,
    disk_percent: resources.diskPercent,
    subscriber_count: resources.subscriberCount,
    replication_lag_seconds: lag.seconds,
    replication_lag_bytes: lag.bytes,
    cloning: script !== null && !script.finished && script.phases.length > 0 && !ended,
    place: placeOf(context),
    peers_tag: tagStillHeld(context.memory, membership.peers),
  };
}

async function applyReply(context: ClusterContext, membership: Membership, reply: HeartbeatReply): Promise<void> {
  if (reply.write_lsn !== null) {
    context.memory.mainWriteLsn = { lsn: parseLsn(reply.write_lsn), atMs: context.clock.nowMs() };
  }
  context.memory.cloneOfThisServer = reply.clone;
  await takeNotes(context, reply);
  await forgetTaken(context, reply.journal_taken);
  if (reply.term > membership.term) {
    await meetTerm(context, {
      term: reply.term,
      mainNodeId: reply.main_node_id,
      saidBy: `node ${String(reply.main_node_id)}`,
    });
  }
  if (!reply.is_active) {
    await markDisbanded(context);
    return;
  }
  if (reply.rotation !== null) await applyRotation(context, membership, reply.rotation);
  await context.nodeFile.update((file) => {
    if (file.membership === null || file.membership.main_node_id === file.membership.node_id) return file;
    const next = { ...file.membership, settings: reply.settings, peers: reply.peers ?? file.membership.peers };
    // Written only when something changed: a heartbeat must not cost an fsync each time.
    return JSON.stringify(next) === JSON.stringify(file.membership) ? file : { ...file, membership: next };
  });
  if (reply.peers !== null) context.memory.heardPeers = { tag: reply.peers_tag, text: JSON.stringify(reply.peers) };
}

/** Main may have moved on to another cluster and another secret; the replicated row is what it left behind (DESIGN §7). */
async function isDisbandedByRow(context: ClusterContext, membership: Membership): Promise<boolean> {
  if (context.database.view().state !== 'recovery') return false;
  try {
    const config = await context.rows.readConfig();
    if (config === null) return false;
    // A row of another cluster arrived by replication: main was disbanded and set up anew in between.
    const cloned = context.nodeFile.get().join_script?.finished === true;
    return config.cluster_id === membership.cluster_id ? !config.is_active : cloned;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}

async function markDisbanded(context: ClusterContext): Promise<void> {
  const at = new Date(context.clock.nowMs()).toISOString();
  await context.nodeFile.update((file) => ({
    ...file,
    membership: file.membership === null ? null : { ...file.membership, is_active: false },
    ended_membership: {
      at,
      sentence: 'The cluster was disbanded on main. Replication is left running; leave the cluster here to end it.',
    },
  }));
}

/** The new secret and passwords after a rotation, sealed under the key that this server still knew (SAFETY §5). */
async function applyRotation(context: ClusterContext, membership: Membership, sealed: string): Promise<void> {
  const grant = rotationGrantSchema.parse(await context.seal.open(membership.secret, sealed));
  await context.nodeFile.update((file) => ({
    ...file,
    membership:
      file.membership === null
        ? null
        : {
            ...file.membership,
            secret: grant.cluster_secret,
            replication: grant.replication,
            redis_replication: grant.redis_replication,
          },
  }));
  context.log.info({ fingerprint: fingerprintOf(grant.cluster_secret) }, 'took over the rotated secret and passwords');
}
