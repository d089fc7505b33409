/** Out of recovery: what comes before, the act, and what comes after (SAFETY §2, §3 "Promotion itself"). */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { reloadConfiguration } from './reload.ts';
import { runOnServer } from './server-files.ts';
import { readTimelineHistory } from './timeline-history.ts';

const CHECKPOINT_TIMEOUT_MS = 600_000;
const TERMINATE_LIMIT_MS = 10_000;
const POLL_MS = 20;
const PROMOTED_POLL_MS = 10;

/**
 * What holds up a promotion. The last is the pause between two attempts to find more WAL: a promotion that is asked for while
 * main is gone may be noticed before that pause and obeyed after it (measured: 60 ms without, 250 ms with 200 ms).
 */
const DELAYS = {
  max_standby_streaming_delay: '0',
  max_standby_archive_delay: '0',
  wal_retrieve_retry_interval: '50ms',
} as const;
const DELAY_SETTINGS = Object.keys(DELAYS) as (keyof typeof DELAYS)[];
/** What ALTER SYSTEM said before a promotion, kept where it outlives this process: a JSON object of name → value. */
const SAVED_FILE = 'proxpanel.standby-delay';

type SavedDelays = Partial<Record<keyof typeof DELAYS, string>>;

/**
 * Readers of a standby hold up its replay, and so its promotion (29 s by one repeatable-read query, SAFETY §3): conflicts
 * are no longer waited for, and client backends end. May be repeated.
 */
export async function prepareCandidate(pool: DatabasePool): Promise<void> {
  await pool.session(async (session) => {
    if ((await readSaved(session)) === null) {
      const saved = Buffer.from(JSON.stringify(await readDelays(session)));
      await runOnServer(session, `base64 -d > ${SAVED_FILE}.new && mv -f ${SAVED_FILE}.new ${SAVED_FILE}`, saved);
    }
    for (const [name, value] of Object.entries(DELAYS)) await session.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    await reloadConfiguration(session);
  });
  await terminateOtherClients(pool);
}

/** After a promotion, or instead of one: the delays are again what they were, and no commit waits for a standby. */
export async function restoreAfterPromotion(pool: DatabasePool): Promise<void> {
  await pool.session(async (session) => {
    const saved = await readSaved(session);
    if (saved !== null) {
      for (const name of DELAY_SETTINGS) {
        const value = saved[name];
        await session.query(
          value === undefined ? `ALTER SYSTEM RESET ${name}` : `ALTER SYSTEM SET ${name} = ${pg.escapeLiteral(value)}`,
        );
      }
    }
    const [row] = await session.query<{ names: string }>(
      "SELECT current_setting('synchronous_standby_names') AS names",
    );
    // Set to '' rather than reset: postgresql.conf may hold an inherited list as well.
    if (row?.names !== '') await session.query("ALTER SYSTEM SET synchronous_standby_names = ''");
    if (saved !== null || row?.names !== '') await reloadConfiguration(session);
    if (saved !== null) await runOnServer(session, `rm -f ${SAVED_FILE}`);
  });
}

/**
 * pg_promote, and where the new timeline left the old one. A server that has left recovery already answers with its
 * last fork, so that an interrupted promotion can be repeated.
 *
 * @throws Fault DATABASE_DOWN when it is still in recovery after `timeoutSeconds`; NOT_SECONDARY for a server that was
 * never promoted and is not in recovery.
 */
export async function promote(
  pool: DatabasePool,
  timeoutSeconds: number,
): Promise<{ timeline: number; forkLsn: string }> {
  const deadlineMs = performance.now() + timeoutSeconds * 1_000;
  await pool.query('SELECT pg_promote(false) WHERE pg_is_in_recovery()');
  // pg_promote's own wait looks ten times a second, and whoever waits for a writable main would wait with it.
  for (;;) {
    const [row] = await pool.query<{ in_recovery: boolean }>('SELECT pg_is_in_recovery() AS in_recovery');
    if (row?.in_recovery === false) break;
    if (performance.now() > deadlineMs) {
      throw new Fault(
        'DATABASE_DOWN',
        `PostgreSQL is still in recovery ${timeoutSeconds} s after it was told to leave it.`,
      );
    }
    await delay(PROMOTED_POLL_MS);
  }
  return readFork(pool);
}

/** The end of the old timeline, which PostgreSQL wrote down before it took its first write; the last one is our own fork. */
async function readFork(pool: DatabasePool): Promise<{ timeline: number; forkLsn: string }> {
  const { timeline, forks } = await readTimelineHistory(pool);
  const forkLsn = forks?.at(-1)?.left_at_lsn;
  if (forkLsn === undefined) {
    throw new Fault('NOT_SECONDARY', 'This PostgreSQL is not in recovery and was never promoted.');
  }
  return { timeline, forkLsn };
}

/** CHECKPOINT; up to 10 minutes on a large, busy server. */
export async function checkpoint(pool: DatabasePool): Promise<void> {
  await pool.query('CHECKPOINT', [], { timeoutMs: CHECKPOINT_TIMEOUT_MS });
}

/** Ends the present WAL segment, for a follower whose WAL ends in a partial record (SAFETY §1). */
export async function switchWal(pool: DatabasePool): Promise<void> {
  await pool.query('SELECT pg_switch_wal()');
}

/**
 * Ends every client backend but those of this pool and waits until they are gone (never cancels: a cancelled commit that
 * waits for its standby is *acknowledged*, SAFETY §1). Walsenders stay. Panel connections of this very process end too:
 * they are where writes come from.
 *
 * @throws Fault BUSY when one is still there after 10 s.
 */
export async function terminateOtherClients(pool: DatabasePool): Promise<void> {
  await pool.session(async (session) => {
    const ended = await session.query<{ pid: number }>(
      // Materialized: as plain conditions of one WHERE the planner may call the function before it has compared.
      `WITH others AS MATERIALIZED (
         SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL ($1::int[]))
       SELECT pid, pg_terminate_backend(pid) FROM others`,
      [pool.processIds()],
    );
    const pids = ended.map((row) => row.pid);
    const deadlineMs = performance.now() + TERMINATE_LIMIT_MS;
    while ((await countLiving(session, pids)) > 0) {
      if (performance.now() > deadlineMs) {
        throw new Fault('BUSY', 'Some clients of PostgreSQL did not end within 10 s of being told to.');
      }
      await delay(POLL_MS);
    }
  });
}

async function countLiving(session: Session, pids: readonly number[]): Promise<number> {
  const [row] = await session.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM pg_stat_activity WHERE pid = ANY ($1::int[])',
    [pids],
  );
  return row?.count ?? 0;
}

async function readDelays(session: Session): Promise<SavedDelays> {
  const rows = await session.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_file_settings
      WHERE name = ANY ($1::text[]) AND sourcefile LIKE '%/postgresql.auto.conf'`,
    [DELAY_SETTINGS],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.setting]));
}

async function readSaved(session: Session): Promise<SavedDelays | null> {
  const [row] = await session.query<{ text: string | null }>(
    `SELECT pg_read_file('${SAVED_FILE}', 0, 10000, true) AS text`,
  );
  return row?.text == null ? null : (JSON.parse(row.text) as SavedDelays);
}
