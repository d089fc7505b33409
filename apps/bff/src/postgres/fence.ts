/** SAFETY §1 "fence": a running main into recovery, without CHECKPOINT, waiting or commit. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import { isConnectionFault } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import { runOnServer } from './server-files.ts';

const FENCE_LIMIT_MS = 60_000;
const POLL_MS = 50;

/**
 * standby.signal is on disk before the backend that wrote it kills itself; the postmaster then ends every other backend
 * and restarts its children into recovery. `sync` of the two files comes first because a sync of everything may take
 * seconds under load; an older busybox takes no names and syncs everything.
 */
const FENCE_COMMAND = 'cat > standby.signal && { sync standby.signal . || sync; } && kill -9 $PPID';

/**
 * Shuts this server's writes and resolves once it answers "in recovery"; at once when it is there already.
 *
 * @throws Fault BLOCKED when restart_after_crash is off (the server would stop and stay down); HOST_FAULT when it is not
 * in recovery within 60 s; the signal's reason when aborted, in which case the kill may have happened.
 */
export async function fence(pool: DatabasePool, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const [row] = await pool.query<{ in_recovery: boolean; restarts: boolean }>(
    "SELECT pg_is_in_recovery() AS in_recovery, current_setting('restart_after_crash')::bool AS restarts",
  );
  if (row?.in_recovery === true) return;
  if (row?.restarts !== true) {
    const sentence =
      'PostgreSQL has restart_after_crash = off: a fence would stop it for good instead of making it read-only.';
    throw new Fault('BLOCKED', `${sentence} Set it to on and reload.`);
  }
  await killOneBackend(pool);
  const limit = AbortSignal.timeout(FENCE_LIMIT_MS);
  let lastSeen = 'nothing';
  while (!limit.aborted) {
    signal.throwIfAborted();
    try {
      const [now] = await pool.query<{ in_recovery: boolean }>('SELECT pg_is_in_recovery() AS in_recovery');
      if (now?.in_recovery === true) return;
      lastSeen = 'it still takes writes';
    } catch (error) {
      // On its way down and up again; the deadline decides when that is too long.
      lastSeen = messageOf(error);
    }
    // An abort during the pause is seen at the top of the loop.
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new Fault('HOST_FAULT', `PostgreSQL was not in recovery 60 s after it was fenced: ${lastSeen}`);
}

async function killOneBackend(pool: DatabasePool): Promise<void> {
  await pool.session(
    async (session) => {
      try {
        await runOnServer(session, FENCE_COMMAND);
      } catch (error) {
        // The connection that runs the kill dies with it: that is success (SAFETY §1).
        if (isConnectionFault(error)) return;
        throw error;
      }
      throw new Fault('HOST_FAULT', 'The backend that was to end itself lives on; PostgreSQL was not fenced.');
    },
    { discard: true },
  );
}
