/** The last step of `demote` and `fence` (SAFETY §1): one backend ends itself, and all restart into recovery. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import { isConnectionFault } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import { runOnServer } from './server-files.ts';

const POLL_MS = 20;

/**
 * Whether it is in recovery already.
 *
 * @throws Fault BLOCKED when it is not and restart_after_crash is off: the kill would stop it for good.
 */
export async function isShutAlready(pool: DatabasePool): Promise<boolean> {
  const [row] = await pool.query<{ in_recovery: boolean; restarts: boolean }>(
    "SELECT pg_is_in_recovery() AS in_recovery, current_setting('restart_after_crash')::bool AS restarts",
  );
  if (row?.in_recovery === true) return true;
  if (row?.restarts === true) return false;
  const sentence =
    'PostgreSQL has restart_after_crash = off: a fence would stop it for good instead of making it read-only.';
  throw new Fault('BLOCKED', `${sentence} Set it to on and reload.`);
}

/**
 * Runs `command`, of which the last act is `kill -9 $PPID`: the postmaster then ends every other backend and restarts
 * its children by what standby.signal says.
 *
 * @throws Fault HOST_FAULT when the command failed before its last act.
 */
export async function killOneBackend(pool: DatabasePool, command: string): Promise<void> {
  await pool.session(
    async (session) => {
      try {
        await runOnServer(session, command);
      } catch (error) {
        // The connection that runs the kill dies with it: that is success (SAFETY §1).
        if (isConnectionFault(error)) return;
        throw error;
      }
      throw new Fault('HOST_FAULT', 'The backend that was to end itself lives on; PostgreSQL still takes writes.');
    },
    { discard: true },
  );
}

/**
 * Resolves once it answers "in recovery".
 *
 * @throws Fault HOST_FAULT with what was seen last after `limitMs`; the signal's reason when aborted.
 */
export async function untilInRecovery(pool: DatabasePool, limitMs: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
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
  const seconds = Math.round(limitMs / 1_000);
  throw new Fault('HOST_FAULT', `PostgreSQL was not in recovery ${seconds} s after its writes were shut: ${lastSeen}`);
}
