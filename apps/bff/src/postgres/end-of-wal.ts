/** Where this server's WAL ends, in recovery (SAFETY §2: an LSN read from a freshly demoted node is not its end). */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import { isConnectionFault } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import { parseLsn } from './sql-types.ts';

const POLL_MS = 10;

/**
 * What the startup process waits for when it has replayed all that lies here: for its source to send more, or for the
 * next try after no place had any. Anything else (replaying, paused, in conflict with a reader) is not the end.
 */
const AT_THE_END: readonly (string | null)[] = ['RecoveryWalStream', 'RecoveryRetrieveRetryInterval'];

interface Look {
  in_recovery: boolean;
  waits_for: string | null;
  replayed: string | null;
}

/**
 * Waits until startup has replayed all WAL that lies here and returns the end of the last record. Asks on while the
 * server is still on its way up.
 *
 * @throws Fault NOT_SECONDARY when it is not in recovery; the signal's reason when aborted, which is the only limit: a
 * long replay takes minutes, and a paused one does not end.
 */
export async function endOfWal(pool: DatabasePool, signal: AbortSignal): Promise<bigint> {
  let before: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const look = await lookAtReplay(pool);
    if (look?.in_recovery === false) {
      throw new Fault('NOT_SECONDARY', 'PostgreSQL is not in recovery: its WAL has no end that stays.');
    }
    const replayed = look !== null && AT_THE_END.includes(look.waits_for) ? look.replayed : null;
    const end = parseLsn(replayed);
    // Twice the same: a record may have been replayed between the two columns of one look.
    if (end !== null && replayed === before) return end;
    before = replayed;
    // An abort during the pause is seen at the top of the loop.
    if (replayed === null) await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** null while it takes no connections. */
async function lookAtReplay(pool: DatabasePool): Promise<Look | null> {
  try {
    const [look] = await pool.query<Look>(
      `SELECT pg_is_in_recovery() AS in_recovery, pg_last_wal_replay_lsn()::text AS replayed,
              (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup') AS waits_for`,
    );
    return look ?? null;
  } catch (error) {
    if (error instanceof Fault && error.code === 'DATABASE_DOWN' && isConnectionFault(error.cause)) return null;
    throw error;
  }
}
