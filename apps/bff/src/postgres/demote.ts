/** SAFETY §1 "demote": a running main put into recovery without being stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import { isShutAlready, killOneBackend, untilInRecovery } from './enter-recovery.ts';
import type { DatabasePool } from './pool.ts';
import { checkpoint } from './promotion.ts';
import { reloadConfiguration } from './reload.ts';
import { endClients, withClientsOut } from './shutdown-clients.ts';
import { keepStandbySignal, WRITE_STANDBY_SIGNAL } from './standby-signal.ts';

const DEMOTE_LIMIT_MS = 60_000;
const WRITERS_END_WITHIN_MS = 10_000;
const POLL_MS = 2;
/** PostgreSQL keeps so many subtransactions of one transaction in its snapshots (PGPROC_MAX_CACHED_SUBXIDS). */
const MOST_SUBTRANSACTIONS = 64n;
const MOST_CHECKPOINTS = 20;

/**
 * Clients ended, nobody holds a transaction id, CHECKPOINT, standby.signal, reload and the kill of one backend by itself;
 * resolves once in recovery, at once when it is there already. About 0.3 s on a small database.
 *
 * @throws Fault BLOCKED when restart_after_crash is off; BUSY when writers keep coming or do not end; HOST_FAULT when
 * it is not in recovery 60 s after the kill; the signal's reason when aborted (the kill may have happened).
 */
export async function demote(pool: DatabasePool, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (await isShutAlready(pool)) {
    await keepStandbySignal(pool, true);
    return;
  }
  await withClientsOut(pool, async () => {
    await checkpointWithoutWriters(pool, signal);
    signal.throwIfAborted();
    // Without the reload it would come up with the primary_conninfo of before.
    await pool.session(reloadConfiguration);
    signal.throwIfAborted();
    await killOneBackend(pool, `${WRITE_STANDBY_SIGNAL} && kill -9 $PPID`);
  });
  await untilInRecovery(pool, DEMOTE_LIMIT_MS, signal);
}

/**
 * A CHECKPOINT with which recovery can open its doors: with a transaction of over 64 subtransactions in the snapshot
 * that it writes, the demoted server refuses every connection until a human acts (SAFETY §1). Clients come back at any
 * moment, so it is proved afterwards: fewer transaction ids were given out during it than such a transaction needs.
 */
async function checkpointWithoutWriters(pool: DatabasePool, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= MOST_CHECKPOINTS; attempt += 1) {
    const before = await untilNobodyWrites(pool, signal);
    await abortable(checkpoint(pool), signal);
    if ((await takeTransactionId(pool)) - before <= MOST_SUBTRANSACTIONS) return;
  }
  throw new Fault('BUSY', 'Clients of PostgreSQL kept on writing although each was ended as soon as it came.');
}

/** The id of a transaction of ours that is newer than any that could still have been running when it resolves. */
async function untilNobodyWrites(pool: DatabasePool, signal: AbortSignal): Promise<bigint> {
  const deadlineMs = performance.now() + WRITERS_END_WITHIN_MS;
  for (;;) {
    signal.throwIfAborted();
    // In this order: a transaction with an older id that still runs is seen by the look that follows.
    const id = await takeTransactionId(pool);
    if ((await endClients(pool)).writers === 0) return id;
    if (performance.now() > deadlineMs) {
      throw new Fault('BUSY', 'Some writing clients of PostgreSQL did not end within 10 s of being told to.');
    }
    // An abort during the pause is seen at the top of the loop.
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function takeTransactionId(pool: DatabasePool): Promise<bigint> {
  const [row] = await pool.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return BigInt(row?.id ?? 0);
}

/** PostgreSQL finishes what it does; only the wait for it ends. */
async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  work.then(resolve, reject);
  await promise.finally(() => signal.removeEventListener('abort', onAbort));
}
