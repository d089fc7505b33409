/** A fast stop asked of PostgreSQL itself, for `supervised` control (SAFETY): something else starts it again. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import { isNotRunning, isStarting } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import { runOnServer } from './server-files.ts';

const STOP_LIMIT_MS = 300_000;
const POLL_MS = 10;
/**
 * SIGINT to the postmaster is what `pg_ctl stop -m fast` sends. The postmaster ends its backends with all of their process
 * groups, and so this very shell: without the trap it may be ended before it has said that it succeeded.
 */
const STOP_COMMAND = `trap '' TERM INT; kill -INT "$(head -n 1 postmaster.pid)"`;

/**
 * Resolves when this run of PostgreSQL has ended: nobody listens any more, or another run has begun.
 *
 * @throws Fault HOST_FAULT when it has not ended after 300 s; the signal's reason when aborted (it stops all the same).
 */
export async function stopFromInside(pool: DatabasePool, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const before = await startedAt(pool);
  await pool
    .session((session) => runOnServer(session, STOP_COMMAND), { discard: true })
    .catch((error: unknown) => {
      // The stop may end this connection before its answer is sent.
      if (!(error instanceof Fault) || error.code !== 'DATABASE_DOWN') throw error;
    });
  const limit = AbortSignal.timeout(STOP_LIMIT_MS);
  while (!limit.aborted) {
    signal.throwIfAborted();
    try {
      if ((await startedAt(pool)) !== before) return;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The postmaster closes its sockets last of all.
      if (isNotRunning(error.cause) || isStarting(error.cause)) return;
    }
    // An abort during the pause is seen at the top of the loop.
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new Fault('HOST_FAULT', 'PostgreSQL has been stopping for 300 s and has not ended.');
}

async function startedAt(pool: DatabasePool): Promise<string | undefined> {
  const [row] = await pool.query<{ at: string }>('SELECT pg_postmaster_start_time()::text AS at');
  return row?.at;
}
