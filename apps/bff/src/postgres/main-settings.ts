/** The settings that a main needs (DESIGN §6.1, SAFETY §1), and those of them that wait for a restart. */
import pg from 'pg';
import type { PostgresLimits } from '@proxpanel/contracts/peer';
import type { SettingPending } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';
import type { Session } from './session.ts';
import { reloadConfiguration } from './reload.ts';

interface Current {
  name: string;
  /** In the setting's base unit. */
  running: string;
  source: string;
  /** As the files say it; null where no file names it. Differs from `running` until a restart. */
  in_files: string | null;
}

/** Returns what to set, or null when the present value is good enough or better. `value` is in the base unit. */
type Rule = (value: string) => string | null;

const walLevels = ['minimal', 'replica', 'logical'];
const atLeast =
  (wanted: number): Rule =>
  (value) =>
    Number(value) >= wanted ? null : String(wanted);
const atMost =
  (wanted: number): Rule =>
  (value) =>
    Number(value) > 0 && Number(value) <= wanted ? null : String(wanted);
const exactly =
  (wanted: string): Rule =>
  (value) =>
    value === wanted ? null : wanted;

/** Base units: wal_keep_size MB, checkpoint_timeout s, the others ms. */
function rules(walTimeoutMs: number): Readonly<Record<string, Rule>> {
  return {
    // Lowering `logical` with a logical slot there stops the server from starting (DESIGN §6.1).
    wal_level: (value) => (walLevels.indexOf(value) >= walLevels.indexOf('replica') ? null : 'replica'),
    max_wal_senders: atLeast(10),
    max_replication_slots: atLeast(10),
    wal_keep_size: atLeast(1_024),
    hot_standby: exactly('on'),
    wal_log_hints: exactly('on'),
    recovery_init_sync_method: exactly('syncfs'),
    checkpoint_timeout: atMost(300),
    wal_retrieve_retry_interval: atMost(200),
    wal_sender_timeout: exactly(String(walTimeoutMs)),
    wal_receiver_timeout: exactly(String(walTimeoutMs)),
  };
}

/**
 * ALTER SYSTEM for what is not good enough yet, reload, and what now waits for a restart. Repeating it changes nothing.
 * Works in recovery too: a secondary needs the same before it becomes main.
 *
 * @throws Fault PREFLIGHT_FAILED when a setting to change stands on PostgreSQL's command line, which no file overrides.
 */
export async function applyMainSettings(pool: DatabasePool, walTimeoutMs: number): Promise<SettingPending[]> {
  const wanted = rules(walTimeoutMs);
  return pool.session(async (session) => {
    const changes = (await readCurrent(session, Object.keys(wanted))).flatMap((row) => {
      // What waits in a file counts as set, or a second call would lower a higher value that is only pending.
      const value = wanted[row.name]?.(row.running) == null ? null : wanted[row.name]?.(baseValue(row));
      return value == null ? [] : [{ name: row.name, value, source: row.source }];
    });
    const fixed = changes.filter((change) => change.source === 'command line').map((change) => change.name);
    if (fixed.length > 0) {
      const sentence = `PostgreSQL gets ${fixed.join(', ')} on its command line, where no setting can change it.`;
      throw new Fault('PREFLIGHT_FAILED', `${sentence} Move it into postgresql.conf and restart PostgreSQL.`);
    }
    for (const { name, value } of changes) {
      await session.query(`ALTER SYSTEM SET ${pg.escapeIdentifier(name)} = ${pg.escapeLiteral(value)}`);
    }
    if (changes.length > 0) await reloadConfiguration(session);
    return readPending(session);
  });
}

/** What the files say and the running server has not taken. `wanted` is as the file writes it. */
export function pendingRestart(pool: DatabasePool): Promise<SettingPending[]> {
  return pool.session(readPending);
}

/** The limits that a standby needs at least as high (DESIGN §6.3). */
export async function readLimits(pool: DatabasePool): Promise<PostgresLimits> {
  const [row] = await pool.query<PostgresLimits>(
    [
      'max_connections',
      'max_worker_processes',
      'max_wal_senders',
      'max_prepared_transactions',
      'max_locks_per_transaction',
    ]
      .map((name, index) => `${index === 0 ? 'SELECT' : ','} current_setting('${name}')::int AS ${name}`)
      .join(' '),
  );
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL answered with no limits.');
  return row;
}

/** False when listen_addresses is empty or holds loopback addresses alone. */
export async function listensBeyondLoopback(pool: DatabasePool): Promise<boolean> {
  const [row] = await pool.query<{ addresses: string }>("SELECT current_setting('listen_addresses') AS addresses");
  const addresses = (row?.addresses ?? '').split(',').map((address) => address.trim());
  return addresses.some((address) => address !== '' && !/^(localhost|127\.[0-9.]+|::1)$/i.test(address));
}

/** wal_level and whole numbers only: what has a unit takes effect by a reload, so running and file agree. */
function baseValue(row: Current): string {
  return row.in_files !== null && /^([0-9]+|minimal|replica|logical|on|off)$/.test(row.in_files)
    ? row.in_files
    : row.running;
}

async function readCurrent(session: Session, names: readonly string[]): Promise<Current[]> {
  return session.query<Current>(
    `SELECT name, setting AS running, source,
            CASE WHEN pending_restart THEN (SELECT lower(file.setting) FROM pg_file_settings AS file
              WHERE lower(file.name) = pg_settings.name ORDER BY file.seqno DESC LIMIT 1) END AS in_files
       FROM pg_settings WHERE name = ANY ($1::text[])`,
    [names],
  );
}

async function readPending(session: Session): Promise<SettingPending[]> {
  // A setting that was taken out of every file waits for its built-in value.
  return session.query<{ name: string; wanted: string; running: string }>(
    `SELECT name, current_setting(name) AS running,
            coalesce((SELECT file.setting FROM pg_file_settings AS file
              WHERE lower(file.name) = lower(pg_settings.name) ORDER BY file.seqno DESC LIMIT 1), boot_val, '') AS wanted
       FROM pg_settings WHERE pending_restart ORDER BY name`,
  );
}
