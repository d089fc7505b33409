/** Main takes a secondary's heartbeat: its row, its status, and all that a member must know in the reply (DESIGN §2, §6.7). */
import type { HeartbeatBody, HeartbeatReply } from '@proxpanel/contracts/peer';
import { formatLsn } from '@proxpanel/failover/lsn';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { cloneOf } from './clone-progress.ts';
import { peerById, withPeer } from './membership.ts';
import { meetTerm } from './meet-term.ts';
import type { Membership } from './node-file.ts';
import { tagOfPeers } from './peers-tag.ts';
import { rotationFor, confirmRotation } from './rotate-secret.ts';
import type { VerifiedPeer } from './peer-ports.ts';
import { takeNotes } from './spread-notes.ts';
import { takeJournal } from './share-journal.ts';
import { noteFollower } from './watch-followers.ts';
import { hear } from './sounds.ts';

export async function acceptHeartbeat(
  context: ClusterContext,
  body: HeartbeatBody,
  caller: VerifiedPeer,
  remoteAddress: string,
): Promise<HeartbeatReply> {
  const membership = context.nodeFile.get().membership;
  if (membership === null) throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
  const peer = peerById(membership, body.node_id);
  if (caller.nodeId !== body.node_id || peer?.server_id !== body.server_id) {
    throw new Fault('NODE_UNKNOWN', 'The heartbeat names a node that this cluster does not know.');
  }
  const seen = remoteAddress;
  if (caller.usedPreviousSecret && (peer.seen_address ?? seen) !== seen) {
    // A removed node still knows the previous secret and could call itself by a waiting member's name: from another
    // address than that member's own it learns nothing, and its term counts for nothing (SAFETY §5).
    throw new Fault('SECRET_MISMATCH', 'cluster secret mismatch');
  }
  if (body.term > membership.term) {
    await meetTerm(context, { term: body.term, mainNodeId: null, saidBy: `"${peer.display_name}"` });
  }
  hear(context, body.node_id);
  const { cloning, standing } = body;
  context.memory.heartbeats.set(body.node_id, { atMs: context.clock.nowMs(), cloning, standing });
  await takeNotes(context, body);
  await rememberAddress(context, membership, body.node_id, seen);
  if (!caller.usedPreviousSecret) await confirmRotation(context, body.node_id);
  let taken: string[] = [];
  if (context.roles.view().effective === 'main' && context.database.view().state === 'writable') {
    await writeRow(context, body);
    taken = await takeJournal(context, body.node_id, body.journal);
    // A clone ends with a restart of its own: only one that has been cloned can be stuck.
    if (!cloning) await noteFollower(context, body.node_id, body);
  }
  return replyTo(context, caller, body, taken);
}

/** `offline` and the like are judged by the health loop; a heartbeat only writes what it carries. */
async function writeRow(context: ClusterContext, body: HeartbeatBody): Promise<void> {
  await context.rows.patchNode(body.node_id, {
    last_heartbeat_at: new Date(context.clock.nowMs()).toISOString(),
    version: body.version,
    cpu_percent: body.cpu_percent,
    memory_percent: body.memory_percent,
    disk_percent: body.disk_percent,
    subscriber_count: body.subscriber_count,
    replication_lag_seconds: body.replication_lag_seconds,
    replication_lag_bytes: body.replication_lag_bytes,
    ...body.place,
  });
  await context.redis.pushMetric(body.node_id, {
    at: new Date(context.clock.nowMs()).toISOString(),
    cpu_percent: body.cpu_percent,
    memory_percent: body.memory_percent,
    disk_percent: body.disk_percent,
    replication_lag_bytes: body.replication_lag_bytes,
    replication_lag_seconds: body.replication_lag_seconds,
  });
}

/** pg_hba needs the address that the member really comes from, which may change (SAFETY §5). */
async function rememberAddress(
  context: ClusterContext,
  membership: Membership,
  nodeId: number,
  seen: string,
): Promise<void> {
  if (peerById(membership, nodeId)?.seen_address === seen) return;
  await context.nodeFile.update((file) => {
    const peer = file.membership === null ? null : peerById(file.membership, nodeId);
    if (file.membership === null || peer === null) return file;
    return {
      ...file,
      membership: { ...file.membership, peers: withPeer(file.membership.peers, { ...peer, seen_address: seen }) },
    };
  });
}

async function replyTo(
  context: ClusterContext,
  caller: VerifiedPeer,
  body: HeartbeatBody,
  journalTaken: string[],
): Promise<HeartbeatReply> {
  const membership = context.nodeFile.get().membership;
  if (membership === null) throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
  const { positions } = context.memory;
  const peersTag = tagOfPeers(membership.peers);
  return {
    term: membership.term,
    main_node_id: membership.main_node_id,
    is_active: membership.is_active,
    write_lsn: positions?.currentLsn == null ? null : formatLsn(positions.currentLsn),
    at: new Date(context.clock.nowMs()).toISOString(),
    settings: membership.settings,
    peers: body.peers_tag === peersTag ? null : membership.peers,
    peers_tag: peersTag,
    clone: cloneOf(positions, peerById(membership, body.node_id), membership),
    hold: membership.hold,
    last_failover: membership.last_failover,
    journal_taken: journalTaken,
    rotation: caller.usedPreviousSecret ? await rotationFor(context, membership, caller.secret) : null,
  };
}
