/** The timelines that this server's data have come through, from the history file that PostgreSQL keeps of the present one. */
import type { TimelineHistory } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';

/** Some fifty bytes a line: more promotions than anybody makes. */
const FILE_LIMIT_BYTES = 1_000_000;

/** The timeline that is written to; not in recovery. */
const PRESENT = 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS name';
/** The newest one of which WAL lies here, which a standby's control file may not know yet. */
const NEWEST = "SELECT max(left(name, 8)) AS name FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'";

/**
 * Out of recovery the present timeline; in recovery the newest one that was received or written. `forks` is null where
 * there is no file: of the first timeline, and of a later one whose file was taken away.
 *
 * @throws Fault INTERNAL for a file that cannot be understood.
 */
export async function readTimelineHistory(pool: DatabasePool, inRecovery = false): Promise<TimelineHistory> {
  const [row] = await pool.query<{ timeline: number; history: string | null }>(
    `SELECT ('x' || name)::bit(32)::int AS timeline,
            pg_read_file('pg_wal/' || name || '.history', 0, ${String(FILE_LIMIT_BYTES)}, true) AS history
       FROM (${inRecovery ? NEWEST : PRESENT}) AS file`,
  );
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say which timeline it is on.');
  const { timeline, history } = row;
  if (history === null) return { timeline, forks: null };
  // Lines of `<timeline>\t<LSN where it was left>\t<reason>`, oldest first.
  const lines = [...history.matchAll(/^([0-9]+)\s+([0-9A-F]{1,8}\/[0-9A-F]{1,8})\b/gim)];
  const forks = lines.map(([, number, lsn = '']) => ({ timeline: Number(number), left_at_lsn: lsn }));
  if (forks.length === 0) {
    throw new Fault('INTERNAL', `The history of timeline ${String(timeline)} does not say where it began.`);
  }
  return { timeline, forks };
}
