/** `durability=sync` (SAFETY §4): synchronous_standby_names, and who has caught up. */
import type { SynchronousState } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import { formatLsn, parseLsn } from '@proxpanel/failover/lsn';
import pg from 'pg';
import type { DatabasePool } from './pool.ts';
import { reloadConfiguration } from './reload.ts';

/** `ANY 1 (node_2, node_3)`; empty: commits wait for nobody. Nothing when it is so already. */
export async function setSynchronousNodes(pool: DatabasePool, nodeIds: readonly number[]): Promise<void> {
  const names = [...nodeIds].sort((left, right) => left - right).map((id) => `node_${id}`);
  const wanted = names.length === 0 ? '' : `ANY 1 (${names.join(', ')})`;
  await pool.session(async (session) => {
    const [row] = await session.query<{ now: string }>("SELECT current_setting('synchronous_standby_names') AS now");
    if (row?.now === wanted) return;
    // Set to '' rather than reset: postgresql.conf may hold an inherited list as well.
    await session.query(`ALTER SYSTEM SET synchronous_standby_names = ${pg.escapeLiteral(wanted)}`);
    await reloadConfiguration(session);
  });
}

interface StateRow {
  names: string;
  current_lsn: string | null;
  caught_up: string[];
  waiting: number;
}

// The position is read first and in one place: under load a standby is never level with "now".
const STATE_SQL = `
  WITH here AS MATERIALIZED (
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS current_lsn)
  SELECT current_setting('synchronous_standby_names') AS names, current_lsn::text,
         (SELECT coalesce(json_agg(application_name), '[]') FROM pg_stat_replication
           WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'
             AND flush_lsn >= coalesce($1::pg_lsn, current_lsn)) AS caught_up,
         (SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'SyncRep') AS waiting
    FROM here`;

/**
 * Names in force and which of them have flushed all up to `beyond` (null: up to where main is at this very look, which
 * a busy main is always a little past).
 */
export async function readSynchronousState(pool: DatabasePool, beyond: bigint | null): Promise<SynchronousState> {
  const [row] = await pool.query<StateRow>(STATE_SQL, [beyond === null ? null : formatLsn(beyond)]);
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say who is synchronous.');
  const nodeIds = nodeIdsIn(row.names);
  const caughtUp = new Set(row.caught_up.flatMap(nodeIdsIn));
  return {
    nodeIds,
    caughtUpNodeIds: nodeIds.filter((id) => caughtUp.has(id)),
    waitingBackends: row.waiting,
    currentLsn: row.current_lsn === null ? null : parseLsn(row.current_lsn),
  };
}

function nodeIdsIn(names: string): number[] {
  return [...names.matchAll(/\bnode_([0-9]+)\b/g)].map((match) => Number(match[1]));
}
