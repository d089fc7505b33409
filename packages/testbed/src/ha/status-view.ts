/** What the harness reads of GET /api/cluster/status: the wire's own words, and no more than is needed here. */

export interface StatusReason {
  code: string;
  sentence: string;
}

export interface StatusView {
  server: { node_id: number | null; effective_role: string };
  writes: { allowed: boolean; sentence: string };
  cluster: { term: number; main_node_id: number | null } | null;
  notices: { code: string; sentence: string }[];
  promote: { allowed: boolean; mode: string; confirm_name: string | null; reasons?: StatusReason[] };
  operation: OperationView | null;
  failover?: { armed: boolean; sentence: string; blockers: StatusReason[] } | null;
  arbiter?: { state: string; sentence: string; guard_alive: boolean | null } | null;
  durability?: { state: string; sentence: string } | null;
  divergence?: { reason: string; repair: string; bytes_past_fork: number | null } | null;
}

export interface OperationView {
  id: string;
  kind: string;
  state: 'running' | 'completed' | 'failed' | 'rolled_back';
  outcome: string | null;
  phases: {
    name: string;
    state: string;
    started_at: string | null;
    finished_at: string | null;
    detail: string | null;
  }[];
}

/** Reasons that only say that main is well: while main is, they stand, and nothing is wrong. */
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set([
  'wal_flows',
  'main_answers',
  'main_database_answers',
  'main_not_silent_long_enough',
  'lease_held',
]);

/** Why this secondary would not take over even if main died now. */
export function standingBlockers(status: StatusView): string[] {
  return (status.failover?.blockers ?? []).map(({ code }) => code).filter((code) => !SIGNS_OF_LIFE.has(code));
}
