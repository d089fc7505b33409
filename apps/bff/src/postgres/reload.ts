/** Reloading the configuration, and knowing that it has been read. */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import type { Session } from './session.ts';

const RELOAD_LIMIT_MS = 10_000;
const POLL_MS = 5;

/**
 * pg_reload_conf() only sends a signal: this waits until this very session has read the files again. The postmaster
 * signals its children from inside its own reload, before it takes another connection; so from here on
 * `pg_settings.pending_restart` is true and every new connection is judged by the new pg_hba.conf.
 *
 * @throws Fault HOST_FAULT with what is wrong in the files when the new configuration is not taken within 10 s.
 */
export async function reloadConfiguration(session: Session): Promise<void> {
  const before = await loadTime(session);
  await session.query('SELECT pg_reload_conf()');
  const deadlineMs = performance.now() + RELOAD_LIMIT_MS;
  while ((await loadTime(session)) === before) {
    if (performance.now() > deadlineMs) {
      const rows = await session.query<{ problem: string }>(
        `SELECT format('%s line %s: %s', sourcefile, sourceline, error) AS problem FROM pg_file_settings
          WHERE error IS NOT NULL AND error <> 'setting could not be applied'`,
      );
      const problems = rows.map((row) => row.problem).join('; ');
      throw new Fault('HOST_FAULT', `PostgreSQL did not take its new configuration within 10 s. ${problems}`.trim());
    }
    await delay(POLL_MS);
  }
}

async function loadTime(session: Session): Promise<string | undefined> {
  // Text keeps the microseconds that a Date would lose.
  const [row] = await session.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at');
  return row?.at;
}
