/** Main marks its secondaries online, late, offline or unreachable, and records what changed (DESIGN §2, §3). */
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import { judgeNodeHealth, type NodeHealth } from '@proxpanel/failover/node-health';
import type { ClusterContext } from './cluster-context.ts';
import { cloneOf } from './clone-progress.ts';
import { configuredRole, peerById, peerOfRow, placeOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import { senderOf } from './observe-replication.ts';
import { makeEvent } from './record-event.ts';

export function judgeNode(context: ClusterContext, membership: Membership, row: ClusterNodeRow): NodeHealth {
  const nowMs = context.clock.nowMs();
  const heartbeat = context.memory.heartbeats.get(row.id);
  const storedAtMs = row.last_heartbeat_at === null ? null : Date.parse(row.last_heartbeat_at);
  const heartbeatAtMs = heartbeat?.atMs ?? storedAtMs;
  const probe = context.memory.probes.get(row.id);
  const { positions } = context.memory;
  const sender = positions === null ? null : senderOf(positions, row.id);
  const clone = cloneOf(positions, peerById(membership, row.id), membership);
  return judgeNodeHealth({
    storedStatus: row.removed_at === null ? row.status : 'removed',
    heartbeatAgeMs: heartbeatAtMs === null ? null : Math.max(0, nowMs - heartbeatAtMs),
    lateAfterMs: membership.settings.late_after_ms,
    offlineAfterMs: membership.settings.offline_after_ms,
    probeFailed: probe?.lastFailedAtMs != null,
    walFlowing: sender?.state === 'streaming',
    cloning: clone !== null || heartbeat?.cloning === true,
    standing: heartbeat?.standing ?? null,
  });
}

/** Writes changed states, with an event for online and offline; also main's own sign of life. Does nothing on a secondary. */
export async function judgeNodes(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'main') return;
  if (context.database.view().state !== 'writable') return;
  const rows = await context.rows.listNodes();
  for (const row of rows) {
    if (row.id === membership.node_id || row.removed_at !== null) continue;
    const health = judgeNode(context, membership, row);
    if (health.status !== row.status) await changeStatus(context, row, health);
  }
  await sharePeers(context, await context.rows.listNodes());
}

/**
 * The state and its event in one transaction: ended in between, main would never tell that a server had gone. A row that
 * an operation changed since it was read (a removal, a join) is left to the next tick.
 */
async function changeStatus(context: ClusterContext, row: ClusterNodeRow, health: NodeHealth): Promise<void> {
  const news = newsOf(context, row, health);
  const event =
    news &&
    makeEvent(context.clock, {
      ...news,
      message: `"${row.display_name}" is ${health.status}. ${health.reason}`,
      actor: 'system',
      nodeId: row.id,
      rule: health.rule,
    });
  const changed = await context.rows.transaction(async (rows) => {
    const now = (await rows.listNodes()).find(({ id }) => id === row.id);
    if (now?.status !== row.status || now.removed_at !== null) return false;
    await rows.patchNode(row.id, { status: health.status });
    if (event !== null) await rows.appendEvents([event]);
    return true;
  });
  if (!changed) return;
  if (health.status === 'offline') context.memory.calledOffline.add(row.id);
  if (health.status === 'online') context.memory.calledOffline.delete(row.id);
  const level = event === null || event.severity === 'info' ? 'info' : 'warn';
  const fields = { event: event?.type, node_id: row.id, from: row.status, to: health.status, rule: health.rule };
  context.log[level](fields, event?.message ?? health.reason);
}

/**
 * `late` and `unreachable` are no absence, so coming back from them is no news. A node that was called offline is news
 * when it is online again, whatever it was called on its way back.
 */
function newsOf({ memory }: ClusterContext, row: ClusterNodeRow, { status }: NodeHealth) {
  if (status === 'offline') return { type: 'node_offline', severity: 'warning' } as const;
  if (status !== 'online') return null;
  const isNews = memory.calledOffline.has(row.id) || (row.status !== 'late' && row.status !== 'unreachable');
  return isNews ? ({ type: 'node_online', severity: 'info' } as const) : null;
}

/** What the members learn of each other by heartbeat replies comes from the rows; written only when it changed. */
async function sharePeers(context: ClusterContext, rows: readonly ClusterNodeRow[]): Promise<void> {
  await context.nodeFile.update((file) => {
    const { membership } = file;
    // A join or a removal owns the list while it runs: these rows may be older than what it has just written.
    if (membership === null || context.lock.running() !== null) return file;
    const peers = rows
      .filter((row) => row.removed_at === null)
      .map((row) => peerOfRow(row, peerById(membership, row.id)));
    if (JSON.stringify(peers) === JSON.stringify(membership.peers)) return file;
    return { ...file, membership: { ...membership, peers } };
  });
}

/** Main's own row: its last_heartbeat_at and figures, each heartbeat interval (DESIGN §3). */
export async function writeOwnRow(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'main') return;
  if (context.database.view().state !== 'writable') return;
  const { resources } = context.memory;
  const at = new Date(context.clock.nowMs()).toISOString();
  await context.rows.patchNode(membership.node_id, {
    last_heartbeat_at: at,
    version: context.own.version,
    cpu_percent: resources.cpuPercent,
    memory_percent: resources.memoryPercent,
    disk_percent: resources.diskPercent,
    subscriber_count: resources.subscriberCount,
    // The environment may have changed since the set-up.
    ...placeOf(context),
  });
  await context.redis.pushMetric(membership.node_id, {
    at,
    cpu_percent: resources.cpuPercent,
    memory_percent: resources.memoryPercent,
    disk_percent: resources.diskPercent,
    replication_lag_bytes: null,
    replication_lag_seconds: null,
  });
}
