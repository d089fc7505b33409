/**
 * All that the Cluster tab shows, in one reply (DESIGN §5). It answers in every state of the database: what the rows
 * cannot say while they are away comes from node.json and from what this process has seen.
 */
import type { ClusterEvent } from '@proxpanel/contracts/events';
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { describeEffectiveRole } from '@proxpanel/failover/effective-role';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { listEvents } from './list-events.ts';
import { configuredRole } from './membership.ts';
import type { Membership } from './node-file.ts';
import { observeReplication } from './observe-replication.ts';
import { apiUrlAt } from './own-server.ts';
import { majorVersionOf, restartCommand } from './restart-command.ts';
import { fingerprintOf } from './setup-main.ts';
import { readActions } from './status-actions.ts';
import { readChangeOfMain } from './status-failover.ts';
import { readIndicators } from './status-indicators.ts';
import { readJoinProgress } from './status-join.ts';
import { readNodes } from './status-nodes.ts';
import { readNotices } from './status-notices.ts';
import { readParity } from './status-parity.ts';
import { readPromises } from './status-promises.ts';
import { readPromote } from './status-promote.ts';

const idlePollMs = 5_000;
const busyPollMs = 1_000;
const shownEvents = 20;

interface Rows {
  readonly nodes: readonly ClusterNodeRow[];
  readonly events: readonly ClusterEvent[];
}

export async function readStatus(context: ClusterContext): Promise<ClusterStatus> {
  await observeReplication(context).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    context.memory.positions = null;
  });
  const rows = await readRows(context);
  const file = context.nodeFile.get();
  const membership = file.membership;
  const nodes = membership === null ? [] : readNodes(context, membership, rows.nodes);
  const join = readJoinProgress(context);
  const change = readChangeOfMain(context);
  const { operation } = context.memory;
  const busy = operation?.state === 'running' || (join !== null && !join.finished);
  const status: ClusterStatus = {
    as_of: new Date(context.clock.nowMs()).toISOString(),
    poll_after_ms: busy || nodes.some((node) => node.clone !== null) ? busyPollMs : idlePollMs,
    server: readServer(context, membership),
    ...(await readServices(context)),
    resources: {
      cpu_percent: context.memory.resources.cpuPercent,
      memory_percent: context.memory.resources.memoryPercent,
      disk_percent: context.memory.resources.diskPercent,
    },
    cluster: membership === null ? null : readCluster(context, membership, change.durability),
    nodes,
    indicators: readIndicators(context, nodes),
    parity: readParity(context, nodes),
    join,
    operation,
    notices: readNotices(context, nodes),
    actions: readActions(context),
    promote: readPromote(context),
    ...change,
    events: [...rows.events],
  };
  return status;
}

async function readRows(context: ClusterContext): Promise<Rows> {
  const { events } = await listEvents(context, { limit: shownEvents });
  const { state } = context.database.view();
  if (state !== 'writable' && state !== 'recovery') return { nodes: [], events };
  try {
    return { nodes: await context.rows.listNodes(), events };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { nodes: [], events };
  }
}

function readServer(context: ClusterContext, membership: Membership | null): ClusterStatus['server'] {
  const file = context.nodeFile.get();
  const roles = context.roles.view();
  const databaseState = context.database.view().state;
  return {
    server_id: file.server_id,
    node_id: membership?.node_id ?? null,
    display_name: membership?.display_name ?? null,
    role: roles.configured,
    effective_role: roles.effective,
    role_sentence:
      membership?.fence?.reason ?? describeEffectiveRole({ configuredRole: roles.configured, databaseState }),
    version: context.own.version,
    address: file.address ?? context.own.address,
    api_url: apiUrlAt(context.own, file.address ?? context.own.address),
    postgres_port: context.own.postgresPort,
    redis_port: context.own.redisPort,
  };
}

async function readServices(context: ClusterContext): Promise<Pick<ClusterStatus, 'database' | 'redis' | 'writes'>> {
  const view = context.database.view();
  const redis = context.redis.view();
  const roles = context.roles.view();
  const pending = view.state === 'writable' ? await pendingRestart(context) : [];
  return {
    database: {
      state: view.state,
      sentence: view.sentence,
      postgres_version: view.versionText,
      subscriber_count: context.memory.resources.subscriberCount,
      pending_restart: pending,
      restart_command:
        pending.length === 0
          ? null
          : restartCommand(context.own.postgresControl, majorVersionOf(context.database.view())),
    },
    redis: { state: redis.state, link_up: redis.linkUp, sentence: redis.sentence },
    writes: { allowed: roles.writesAllowed && view.state === 'writable', sentence: roles.sentence },
  };
}

async function pendingRestart(context: ClusterContext): Promise<string[]> {
  try {
    return (await context.replication.pendingRestart()).map((setting) => setting.name);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [];
  }
}

function readCluster(
  context: ClusterContext,
  membership: Membership,
  durability: ClusterStatus['durability'],
): NonNullable<ClusterStatus['cluster']> {
  return {
    cluster_id: membership.cluster_id,
    term: membership.term,
    is_active: membership.is_active,
    main_node_id: membership.main_node_id,
    secret_fingerprint: fingerprintOf(membership.secret),
    settings: membership.settings,
    promises: configuredRole(membership) === 'standalone' ? [] : readPromises(context, membership, durability),
  };
}
