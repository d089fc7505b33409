/** The servers of the canned cluster, and small parts that the status fixtures share. */
import type { Availability, StatusNode } from '@proxpanel/contracts/nodes';

export const mainServerId = '0b8c1f52-6a0e-4a7b-8a43-0f1e2d3c4b5a';
export const secondaryServerId = '7d1e2f30-4b5c-4d6e-8f70-8192a3b4c5d6';

export const allowed: Availability = { allowed: true, reasons: [] };

export function refused(code: string, sentence: string): Availability {
  return { allowed: false, reasons: [{ code, sentence }] };
}

/** `ms` before now as the wire has it. */
export function agoIso(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}

export function mainNode(changes: Partial<StatusNode> = {}): StatusNode {
  return {
    id: 1,
    display_name: 'DC1 Primary',
    role: 'main',
    server_id: mainServerId,
    status: 'online',
    address: '10.0.0.1',
    api_url: 'http://10.0.0.1',
    postgres_port: 5432,
    redis_port: 6379,
    version: '1.0.0',
    last_heartbeat_at: agoIso(4_000),
    cpu_percent: 21,
    memory_percent: 48,
    disk_percent: 63,
    subscriber_count: 12_480,
    replication_lag_seconds: null,
    replication_lag_bytes: null,
    slot_name: null,
    joined_at: agoIso(86_400_000),
    removed_at: null,
    is_self: true,
    is_main: true,
    status_reason: 'It answers and takes writes.',
    last_seen_at: agoIso(4_000),
    wal: { state: 'source', sent_lsn: '0/5000148', replay_lsn: null, slot_active: null, measured_at: agoIso(900) },
    clone: null,
    remove: refused('IS_MAIN', 'The main server cannot be removed: disband the cluster instead.'),
    ...changes,
  };
}

export function secondaryNode(changes: Partial<StatusNode> = {}): StatusNode {
  return {
    ...mainNode(),
    id: 2,
    display_name: 'DC2 Secondary',
    role: 'secondary',
    server_id: secondaryServerId,
    address: '10.0.0.2',
    api_url: 'http://10.0.0.2',
    replication_lag_seconds: 0,
    replication_lag_bytes: 0,
    cpu_percent: 7,
    slot_name: 'replica_2',
    is_self: false,
    is_main: false,
    status_reason: 'It follows main without lag.',
    wal: {
      state: 'streaming',
      sent_lsn: '0/5000148',
      replay_lsn: '0/5000148',
      slot_active: true,
      measured_at: agoIso(900),
    },
    remove: allowed,
    ...changes,
  };
}
