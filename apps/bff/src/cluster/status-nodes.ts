/** The nodes of the cluster as this server sees them: rows where they can be read, node.json's peers where not. */
import type { ClusterNodeRow, StatusNode } from '@proxpanel/contracts/nodes';
import type { Peer } from '@proxpanel/contracts/peer';
import { formatLsn } from '@proxpanel/failover/lsn';
import { cloneOf } from './clone-progress.ts';
import type { ClusterContext } from './cluster-context.ts';
import { judgeNode } from './judge-nodes.ts';
import { configuredRole, peerById, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { lagSeenByMain, ownLag, receiverStreams, senderOf, unknownLag, type Lag } from './observe-replication.ts';

export function readNodes(
  context: ClusterContext,
  membership: Membership,
  rows: readonly ClusterNodeRow[],
): StatusNode[] {
  // Rows of another cluster (a joiner's database before its clone) name other servers: they are not ours to show.
  const ours = rows.filter((row) => peerById(membership, row.id)?.server_id === row.server_id);
  const byId = new Map(ours.map((row) => [row.id, row]));
  return membership.peers.map((peer) =>
    readNode(context, membership, byId.get(peer.node_id) ?? rowOfPeer(peer), byId.has(peer.node_id)),
  );
}

function rowOfPeer(peer: Peer): ClusterNodeRow {
  return {
    id: peer.node_id,
    display_name: peer.display_name,
    role: peer.role,
    server_id: peer.server_id,
    status: peer.status,
    address: peer.address,
    api_url: peer.api_url,
    postgres_port: peer.postgres_port,
    redis_port: peer.redis_port,
    version: 'unknown',
    last_heartbeat_at: null,
    cpu_percent: null,
    memory_percent: null,
    disk_percent: null,
    subscriber_count: null,
    replication_lag_seconds: null,
    replication_lag_bytes: null,
    slot_name: peer.role === 'main' ? null : slotNameOf(peer.node_id),
    joined_at: new Date(0).toISOString(),
    removed_at: null,
  };
}

function readNode(context: ClusterContext, membership: Membership, row: ClusterNodeRow, fromRow: boolean): StatusNode {
  const isSelf = row.id === membership.node_id;
  const isMain = row.id === membership.main_node_id;
  const probe = context.memory.probes.get(row.id);
  const lag = lagOf(context, membership, row);
  const health = healthOf(context, membership, row, isSelf, isMain);
  const own = isSelf ? ownFigures(context) : {};
  const probedVersion = isSelf ? context.own.version : (probe?.reply?.version ?? row.version);
  return {
    ...row,
    ...own,
    role: isMain ? 'main' : 'secondary',
    version: fromRow && !isSelf && probe?.reply == null ? row.version : probedVersion,
    status: health.status,
    status_reason: health.reason,
    replication_lag_bytes: lag.bytes,
    replication_lag_seconds: lag.seconds,
    is_self: isSelf,
    is_main: isMain,
    last_seen_at: lastSeen(context, row, isSelf),
    wal: walOf(context, membership, row),
    clone: cloneShown(context, membership, row, isSelf),
    remove: removable(context, membership, row),
  };
}

function ownFigures(context: ClusterContext): Partial<StatusNode> {
  const { cpuPercent, memoryPercent, diskPercent, subscriberCount } = context.memory.resources;
  return {
    cpu_percent: cpuPercent,
    memory_percent: memoryPercent,
    disk_percent: diskPercent,
    subscriber_count: subscriberCount,
  };
}

/** Main and this server itself are not judged by heartbeats: one is probed, the other is here. */
function healthOf(
  context: ClusterContext,
  membership: Membership,
  row: ClusterNodeRow,
  isSelf: boolean,
  isMain: boolean,
): { status: StatusNode['status']; reason: string } {
  const weAreMain = configuredRole(membership) === 'main';
  if (isSelf) return ownHealth(context, membership);
  if (weAreMain) return judgeNode(context, membership, row);
  if (!isMain) return { status: row.status, reason: 'As main last said.' };
  const probe = context.memory.probes.get(row.id);
  if (probe === undefined) return { status: row.status, reason: 'Not probed yet.' };
  if (probe.lastFailedAtMs === null) return { status: 'online', reason: 'Main answered the last probe.' };
  const silentMs = context.clock.nowMs() - (probe.lastGoodAtMs ?? 0);
  const offline = probe.lastGoodAtMs === null || silentMs >= membership.settings.offline_after_ms;
  return { status: offline ? 'offline' : 'unreachable', reason: probe.lastFailure ?? 'The last probe failed.' };
}

function ownHealth(context: ClusterContext, membership: Membership): { status: StatusNode['status']; reason: string } {
  const { state, sentence } = context.database.view();
  const script = context.nodeFile.get().join_script;
  if (membership.divergence !== null) return { status: 'diverged', reason: membership.divergence.reason };
  if (membership.fence !== null) return { status: 'fenced', reason: membership.fence.reason };
  if (configuredRole(membership) === 'main') {
    if (state === 'writable') return { status: 'online', reason: 'This server is main.' };
    return { status: 'offline', reason: `This server's database: ${sentence}` };
  }
  if (script !== null && !script.finished) {
    const begun = script.phases.length > 0;
    return begun
      ? { status: 'syncing', reason: "The script copies main's database." }
      : { status: 'joining', reason: 'Joined; run the script to copy main’s database.' };
  }
  if (receiverStreams(context.memory.positions)) return { status: 'online', reason: 'WAL flows from main.' };
  const silent = context.memory.probes.get(membership.main_node_id)?.lastFailedAtMs != null;
  // "Syncing" would promise progress that a dead main cannot give.
  if (silent) return { status: 'late', reason: 'No WAL arrives, and main does not answer.' };
  return { status: 'syncing', reason: 'No WAL arrives from main now.' };
}

function lagOf(context: ClusterContext, membership: Membership, row: ClusterNodeRow): Lag {
  const { positions } = context.memory;
  if (row.id === membership.main_node_id) return unknownLag;
  if (configuredRole(membership) === 'main') return lagSeenByMain(context, positions, row.id);
  if (row.id === membership.node_id) return ownLag(context, positions);
  return { bytes: row.replication_lag_bytes, seconds: row.replication_lag_seconds };
}

function lastSeen(context: ClusterContext, row: ClusterNodeRow, isSelf: boolean): string | null {
  if (isSelf) return new Date(context.clock.nowMs()).toISOString();
  const heartbeat = row.last_heartbeat_at === null ? null : Date.parse(row.last_heartbeat_at);
  const probe = context.memory.probes.get(row.id)?.lastGoodAtMs ?? null;
  const latest = Math.max(heartbeat ?? 0, probe ?? 0);
  return latest === 0 ? null : new Date(latest).toISOString();
}

function walOf(context: ClusterContext, membership: Membership, row: ClusterNodeRow): StatusNode['wal'] {
  const { positions } = context.memory;
  const nothing = { sent_lsn: null, replay_lsn: null, slot_active: null, measured_at: null };
  if (positions === null) return { ...nothing, state: 'unknown' };
  const measured = new Date(positions.atMs).toISOString();
  if (row.id === membership.main_node_id) return { ...nothing, state: 'source', measured_at: measured };
  if (row.id === membership.node_id && positions.inRecovery) {
    const replay = positions.replayLsn === null ? null : formatLsn(positions.replayLsn);
    const received = positions.receiveLsn === null ? null : formatLsn(positions.receiveLsn);
    const state = receiverStreams(positions) ? 'streaming' : 'unknown';
    return { state, sent_lsn: received, replay_lsn: replay, slot_active: null, measured_at: measured };
  }
  if (positions.inRecovery) return { ...nothing, state: 'unknown', measured_at: measured };
  const slot = positions.slots.find((candidate) => candidate.name === (row.slot_name ?? slotNameOf(row.id)));
  const sender = senderOf(positions, row.id);
  return {
    state: senderState(sender?.state),
    sent_lsn: sender?.sentLsn == null ? null : formatLsn(sender.sentLsn),
    replay_lsn: sender?.replayLsn == null ? null : formatLsn(sender.replayLsn),
    slot_active: slot?.active ?? null,
    measured_at: measured,
  };
}

function senderState(state: string | undefined): StatusNode['wal']['state'] {
  if (state === 'streaming' || state === 'catchup' || state === 'backup') return state;
  return 'none';
}

function cloneShown(
  context: ClusterContext,
  membership: Membership,
  row: ClusterNodeRow,
  isSelf: boolean,
): StatusNode['clone'] {
  if (isSelf && configuredRole(membership) === 'secondary') return context.memory.cloneOfThisServer;
  return cloneOf(context.memory.positions, peerById(membership, row.id), membership);
}

function removable(context: ClusterContext, membership: Membership, row: ClusterNodeRow): StatusNode['remove'] {
  const no = (code: string, sentence: string) => ({ allowed: false, reasons: [{ code, sentence }] });
  if (row.id === membership.main_node_id)
    return no('is_main', 'Main cannot be removed; promote another server first, or disband the cluster.');
  if (configuredRole(membership) !== 'main') return no('not_main', 'Nodes are removed on the main server.');
  const state = context.database.view().state;
  if (state !== 'writable') return no('database_down', 'The database cannot be written now.');
  return { allowed: true, reasons: [] };
}
