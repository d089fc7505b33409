/** SAFETY §1 "fence": a running main into recovery, without CHECKPOINT, waiting or commit. */
import { isShutAlready, killOneBackend, untilInRecovery } from './enter-recovery.ts';
import type { DatabasePool } from './pool.ts';
import { keepStandbySignal, WRITE_STANDBY_SIGNAL } from './standby-signal.ts';

const FENCE_LIMIT_MS = 60_000;

/**
 * Shuts this server's writes and resolves once it answers "in recovery". When it is there already, only standby.signal
 * is put back if it was missing: without it the next restart would be a writable one.
 *
 * @throws Fault BLOCKED when restart_after_crash is off (the server would stop and stay down); HOST_FAULT when it is not
 * in recovery within 60 s; the signal's reason when aborted, in which case the kill may have happened.
 */
export async function fence(pool: DatabasePool, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (await isShutAlready(pool)) {
    await keepStandbySignal(pool, true);
    // A promotion may have ended between the two: asked again, it is not in recovery any more.
    if (await isShutAlready(pool)) return;
  }
  await killOneBackend(pool, `${WRITE_STANDBY_SIGNAL} && kill -9 $PPID`);
  await untilInRecovery(pool, FENCE_LIMIT_MS, signal);
}
