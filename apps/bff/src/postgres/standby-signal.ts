/** The file that decides how PostgreSQL comes up again: standby.signal in the data directory (SAFETY §1). */
import type { DatabasePool } from './pool.ts';
import { runOnServer } from './server-files.ts';

/**
 * On disk before anything that follows it. `sync` of the two files comes first because a sync of everything may take
 * seconds under load; an older busybox takes no names and syncs everything.
 */
export const WRITE_STANDBY_SIGNAL = 'cat > standby.signal && { sync standby.signal . || sync; }';
const REMOVE_STANDBY_SIGNAL = 'rm -f standby.signal && { sync . || sync; }';

/** Whether it lies there; one short query, also in recovery. */
export async function hasStandbySignal(pool: DatabasePool): Promise<boolean> {
  const [row] = await pool.query<{ there: boolean }>(
    "SELECT (pg_stat_file('standby.signal', true)).size IS NOT NULL AS there",
  );
  return row?.there === true;
}

/**
 * Puts it there, synced, or takes it away; nothing when it is so already. No commit is involved, so that it does not
 * hang when `durability=sync` has lost its standby.
 *
 * @throws Fault HOST_FAULT when it cannot be written.
 */
export async function keepStandbySignal(pool: DatabasePool, present: boolean): Promise<void> {
  if ((await hasStandbySignal(pool)) === present) return;
  const command = present ? WRITE_STANDBY_SIGNAL : REMOVE_STANDBY_SIGNAL;
  await pool.session((session) => runOnServer(session, command));
}
