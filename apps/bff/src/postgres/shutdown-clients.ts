/** Keeping clients out while a main is shut (SAFETY §1): they are ended, and ended again as they come back. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import type { DatabasePool } from './pool.ts';

const ROUND_MS = 5;

/**
 * Ended, never cancelled: a cancelled commit that waits for its standby is *acknowledged* (SAFETY §1). Whoever else
 * holds a transaction id (autovacuum, a scheduler's worker) ends too; walsenders stay, and so do the cluster's own
 * connections, also those that are not in the pool (the watch) or just being made.
 */
const END_CLIENTS_SQL = `
  WITH others AS MATERIALIZED (
    SELECT pid, backend_xid IS NOT NULL AS writes FROM pg_stat_activity
     WHERE pid <> ALL ($1::int[]) AND backend_type <> 'walsender'
       AND NOT (application_name = 'proxpanel-cluster' AND usename = session_user)
       AND (backend_type = 'client backend' OR backend_xid IS NOT NULL)),
  ended AS MATERIALIZED (SELECT writes, pg_terminate_backend(pid) FROM others)
  SELECT count(*)::int AS clients, count(*) FILTER (WHERE writes)::int AS writers FROM ended`;

export interface EndedClients {
  readonly clients: number;
  /** Those of them that held a transaction id. */
  readonly writers: number;
}

/** One round: who was there was told to end. Waits for nobody. */
export async function endClients(pool: DatabasePool): Promise<EndedClients> {
  const [row] = await pool.query<EndedClients>(END_CLIENTS_SQL, [pool.processIds()]);
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say how many clients it has ended.');
  return row;
}

/**
 * Runs `work` while a second connection ends every client that comes back, every few milliseconds. PostgreSQL has no
 * door that only the cluster could open: its own limits bind at a start alone, or would have to be undone after a crash.
 */
export async function withClientsOut<T>(pool: DatabasePool, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const rounds = (async (): Promise<string | null> => {
    let fault: string | null = null;
    while (!stop.signal.aborted) {
      try {
        await endClients(pool);
        fault = null;
      } catch (error) {
        // The kill that `work` ends with takes this connection too; before it, the next round is the remedy.
        fault = messageOf(error);
      }
      // An abort during the pause is seen at the top of the loop.
      await delay(ROUND_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    return fault;
  })();
  try {
    return await work();
  } finally {
    stop.abort();
    await rounds;
  }
}
