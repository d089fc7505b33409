/** A whole status of a main that is well, for the tests of this room; each changes what it is about. */
import { actionNames, type ClusterStatus } from '@proxpanel/contracts/status';
import type { StatusNode } from '@proxpanel/contracts/nodes';
import { defaultClusterSettings } from '@proxpanel/contracts/settings';

const at = '2026-11-22T03:00:00.000Z';
const no = { allowed: false, reasons: [{ code: 'no', sentence: 'Not now.' }] };
const uuid = '3f0f6d0e-8f54-4f6e-9a70-2f3a5b6c7d81';

function node(id: number, changes: Partial<StatusNode>): StatusNode {
  return {
    id,
    display_name: `DC${String(id)}`,
    role: 'secondary',
    server_id: uuid,
    status: 'online',
    status_reason: 'WAL flows from main.',
    address: `10.0.0.${String(id)}`,
    api_url: `http://10.0.0.${String(id)}`,
    postgres_port: 5432,
    redis_port: 6379,
    version: '1.0.0',
    last_heartbeat_at: at,
    last_seen_at: at,
    cpu_percent: null,
    memory_percent: null,
    disk_percent: null,
    subscriber_count: null,
    replication_lag_seconds: 0.2,
    replication_lag_bytes: 1_500,
    slot_name: null,
    joined_at: at,
    removed_at: null,
    is_self: false,
    is_main: false,
    wal: { state: 'streaming', sent_lsn: null, replay_lsn: null, slot_active: true, measured_at: at },
    clone: null,
    remove: no,
    ...changes,
  };
}

export function wellMain(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    as_of: at,
    poll_after_ms: 5_000,
    server: {
      server_id: uuid,
      node_id: 1,
      display_name: 'DC1',
      role: 'main',
      effective_role: 'main',
      role_sentence: 'This server is main.',
      version: '1.0.0',
      address: '10.0.0.1',
      api_url: 'http://10.0.0.1',
      postgres_port: 5432,
      redis_port: 6379,
    },
    database: {
      state: 'writable',
      sentence: 'PostgreSQL takes writes.',
      postgres_version: '15.14',
      subscriber_count: 3,
      pending_restart: [],
      restart_command: null,
    },
    redis: { state: 'main', link_up: null, sentence: 'Redis answers.' },
    writes: { allowed: true, sentence: 'Writes are accepted.' },
    resources: { cpu_percent: null, memory_percent: null, disk_percent: null },
    cluster: {
      cluster_id: uuid,
      term: 3,
      is_active: true,
      main_node_id: 1,
      secret_fingerprint: 'ab12',
      settings: defaultClusterSettings,
      promises: [],
    },
    nodes: [node(1, { role: 'main', is_self: true, is_main: true }), node(2, {})],
    parity: [],
    indicators: [],
    join: null,
    operation: null,
    notices: [],
    actions: Object.fromEntries(actionNames.map((name) => [name, no])) as ClusterStatus['actions'],
    promote: { ...no, node_id: 2, mode: 'switchover', warnings: [], confirm_name: null, loss_forecast: null },
    failover: {
      armed: true,
      countdown_ms: null,
      sentence: 'Main takes writes.',
      blockers: [],
      hold: null,
      last_failover: null,
    },
    arbiter: null,
    durability: null,
    divergence: null,
    events: [],
    ...changes,
  };
}

/** The same cluster as its secondary sees it. */
export function wellSecondary(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  const main = wellMain();
  return {
    ...main,
    server: { ...main.server, node_id: 2, display_name: 'DC2', role: 'secondary', effective_role: 'secondary' },
    database: { ...main.database, state: 'recovery', sentence: 'PostgreSQL is read-only.' },
    writes: { allowed: false, sentence: 'This server is a secondary.' },
    nodes: [node(1, { role: 'main', is_main: true }), node(2, { is_self: true })],
    ...changes,
  };
}
