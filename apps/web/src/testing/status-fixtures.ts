/** Whole status replies as a server sends them, for component tests. Each is checked against the contracts when it is used. */
import type { Operation } from '@proxpanel/contracts/operations';
import { defaultClusterSettings } from '@proxpanel/contracts/settings';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { asyncDurability, changeActions, failoverReady } from './change-fixtures.ts';
import { sameOnBoth } from './parity-fixtures.ts';
import { agoIso, allowed, mainNode, mainServerId, refused, secondaryNode, secondaryServerId } from './node-fixtures.ts';

const clusterId = '3f0f6d0e-8f54-4f6e-9a70-2f3a5b6c7d81';

const promoteRefused: ClusterStatus['promote'] = {
  ...refused('NOT_SECONDARY', 'This server is not a secondary.'),
  node_id: null,
  mode: 'emergency',
  warnings: [],
  confirm_name: null,
  loss_forecast: null,
};

export function standaloneStatus(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    as_of: new Date().toISOString(),
    poll_after_ms: 5_000,
    server: {
      server_id: mainServerId,
      node_id: null,
      display_name: null,
      role: 'standalone',
      effective_role: 'standalone',
      role_sentence: 'This server stands alone: it is in no cluster.',
      version: '1.0.0',
      address: '10.0.0.1',
      api_url: 'http://10.0.0.1',
      postgres_port: 5432,
      redis_port: 6379,
    },
    database: {
      state: 'writable',
      sentence: 'PostgreSQL answers and takes writes.',
      postgres_version: '15.14',
      subscriber_count: 42,
      pending_restart: [],
      restart_command: null,
    },
    redis: { state: 'main', link_up: null, sentence: 'Redis answers and takes writes.' },
    writes: { allowed: true, sentence: 'Writes are open.' },
    resources: { cpu_percent: 21, memory_percent: 48, disk_percent: 63 },
    cluster: null,
    nodes: [],
    indicators: [],
    parity: [],
    join: null,
    operation: null,
    notices: [],
    actions: {
      setup_main: allowed,
      join: allowed,
      leave: refused('NOT_SECONDARY', 'This server is not a secondary.'),
      disband: refused('NOT_CONFIGURED', 'There is no cluster.'),
      rotate_secret: refused('NOT_CONFIGURED', 'There is no cluster.'),
      change_settings: refused('NOT_CONFIGURED', 'There is no cluster.'),
      ...changeActions(refused('NOT_CONFIGURED', 'There is no cluster.')),
    },
    promote: promoteRefused,
    failover: null,
    arbiter: null,
    durability: null,
    divergence: null,
    events: [],
    ...changes,
  };
}

const cluster: NonNullable<ClusterStatus['cluster']> = {
  cluster_id: clusterId,
  term: 1,
  is_active: true,
  main_node_id: 1,
  secret_fingerprint: '9f'.repeat(32),
  settings: defaultClusterSettings,
  promises: [
    'A secondary never promotes itself while WAL flows from main.',
    'There is no arbiter: a cut link looks like a death.',
  ],
};

const events: ClusterStatus['events'] = [
  {
    id: '11111111-1111-4111-8111-111111111111',
    at: agoIso(3_600_000),
    type: 'node_joined',
    node_id: 2,
    actor: 'admin',
    severity: 'info',
    message: 'DC2 Secondary joined from 10.0.0.2.',
    rule: null,
    details: {},
  },
  {
    id: '22222222-2222-4222-8222-222222222222',
    at: agoIso(7_200_000),
    type: 'main_configured',
    node_id: 1,
    actor: 'admin',
    severity: 'info',
    message: 'DC1 Primary became the main server of a new cluster.',
    rule: null,
    details: {},
  },
];

/** The main server's own status, with one streaming secondary. */
export function mainStatus(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  const base = standaloneStatus();
  return {
    ...base,
    server: {
      ...base.server,
      node_id: 1,
      display_name: 'DC1 Primary',
      role: 'main',
      effective_role: 'main',
      role_sentence: 'This server is main and takes writes.',
    },
    cluster,
    nodes: [mainNode(), secondaryNode()],
    indicators: [
      { name: 'main_heartbeat', node_id: 1, ok: true, sentence: 'Main was heard 4 s ago.' },
      { name: 'secondary_heartbeat', node_id: 2, ok: true, sentence: 'DC2 Secondary was heard 4 s ago.' },
      { name: 'replication_lag', node_id: 2, ok: true, sentence: 'DC2 Secondary lags 0 s.' },
      { name: 'slot_active', node_id: 2, ok: true, sentence: 'The slot replica_2 is in use.' },
      { name: 'in_recovery', node_id: 2, ok: true, sentence: 'DC2 Secondary is in recovery.' },
      { name: 'versions_equal', node_id: null, ok: true, sentence: 'Both servers run version 1.0.0.' },
    ],
    parity: [sameOnBoth(2)],
    actions: {
      setup_main: refused('ALREADY_CONFIGURED', 'This server is in a cluster.'),
      join: refused('ALREADY_CONFIGURED', 'This server is in a cluster.'),
      leave: refused('NOT_SECONDARY', 'This server is not a secondary.'),
      disband: allowed,
      rotate_secret: allowed,
      change_settings: allowed,
      ...changeActions(refused('NOT_NEEDED', 'There is nothing to do.')),
      hold: allowed,
      rehearse: allowed,
    },
    failover: failoverReady(),
    durability: asyncDurability,
    events,
    ...changes,
  };
}

/** The secondary's own status, streaming, main alive. */
export function secondaryStatus(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  const base = mainStatus();
  const onMain = refused('NOT_MAIN', 'This is done on the main server.');
  return {
    ...base,
    server: {
      ...base.server,
      server_id: secondaryServerId,
      node_id: 2,
      display_name: 'DC2 Secondary',
      role: 'secondary',
      effective_role: 'secondary',
      role_sentence: 'This server is a secondary and follows DC1 Primary.',
      address: '10.0.0.2',
      api_url: 'http://10.0.0.2',
    },
    database: { ...base.database, state: 'recovery', sentence: 'PostgreSQL follows main and is read-only.' },
    redis: { state: 'replica', link_up: true, sentence: 'Redis follows main.' },
    writes: { allowed: false, sentence: 'This server is a secondary: changes are made on DC1 Primary (10.0.0.1).' },
    nodes: [mainNode({ is_self: false, remove: onMain }), secondaryNode({ is_self: true, remove: onMain })],
    actions: { ...base.actions, leave: allowed, disband: onMain, rotate_secret: onMain, change_settings: onMain },
    promote: {
      allowed: true,
      reasons: [],
      node_id: 2,
      mode: 'emergency',
      warnings: [],
      confirm_name: null,
      loss_forecast: {
        loss_bytes: 0,
        wait_bytes: 0,
        knowledge_age_ms: 135_000,
        sentence: 'Nothing that main is known to have written is missing here.',
      },
    },
    ...changes,
  };
}

/** A secondary that has joined and whose script is cloning. */
export function cloningStatus(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  const base = secondaryStatus();
  const clone = { phase: 'streaming database files', streamed_bytes: 412e6, total_bytes: 1_003e6, percent: 41.1 };
  const at = agoIso(20_000);
  return {
    ...base,
    poll_after_ms: 1_000,
    database: {
      ...base.database,
      state: 'down',
      sentence: 'PostgreSQL is stopped while it is cloned.',
      subscriber_count: null,
    },
    nodes: [
      mainNode({ is_self: false }),
      secondaryNode({
        is_self: true,
        status: 'syncing',
        status_reason: 'It is cloning main’s database.',
        clone,
        replication_lag_bytes: null,
        replication_lag_seconds: null,
        wal: { state: 'backup', sent_lsn: null, replay_lsn: null, slot_active: true, measured_at: null },
      }),
    ],
    join: {
      node_id: 2,
      slot_name: 'replica_2',
      main_address: '10.0.0.1',
      script_path: '/tmp/setup_replica.sh',
      script_command: 'bash /tmp/setup_replica.sh',
      download_command: 'curl -fsS -o /tmp/setup_replica.sh -b session http://10.0.0.2/api/cluster/setup_replica.sh',
      credential_expires_at: new Date(Date.now() + 12 * 60_000).toISOString(),
      old_database_note: 'The old database is kept in /var/lib/postgresql/15/main.before-join-20261122T1900.',
      phases: [
        { phase: 'preflight', state: 'running', detail: '', at },
        { phase: 'preflight', state: 'completed', detail: 'PostgreSQL 15.14, 84 GB free', at },
        { phase: 'credential', state: 'completed', detail: '', at },
        { phase: 'stop', state: 'completed', detail: '', at },
        { phase: 'move_aside', state: 'completed', detail: 'main.before-join-20261122T1900', at },
        { phase: 'base_backup', state: 'running', detail: '', at },
      ],
      clone,
      finished: false,
    },
    ...changes,
  };
}

export function promotion(changes: Partial<Operation> = {}): Operation {
  return {
    id: '5b3f5c1e-0c5b-4f0c-9c57-7a1f64f0a001',
    kind: 'emergency_promotion',
    state: 'running',
    actor: 'admin',
    reason: null,
    started_at: agoIso(2_000),
    finished_at: null,
    outcome: null,
    granted: false,
    without_arbiter: false,
    phases: [
      { name: 'check', state: 'completed', started_at: agoIso(2_000), finished_at: agoIso(1_800), detail: null },
      { name: 'promote_database', state: 'running', started_at: agoIso(1_800), finished_at: null, detail: null },
      { name: 'announce', state: 'pending', started_at: null, finished_at: null, detail: null },
    ],
    ...changes,
  };
}
