/** SAFETY §1's preflight of stop, demote and fence: what this server refuses, what it warns of, how long it may take. */
import type { Reason } from '@proxpanel/contracts/primitives';
import type { ShutdownChecks } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';

const CHECK_TIMEOUT_MS = 60_000;

/** A change of main writes these by ALTER SYSTEM, which a value of the command line would outlive. */
const WRITTEN_SETTINGS = [
  'primary_conninfo',
  'primary_slot_name',
  'synchronous_standby_names',
  'max_standby_streaming_delay',
  'max_standby_archive_delay',
  'wal_sender_timeout',
  'wal_receiver_timeout',
  'wal_retrieve_retry_interval',
  'restart_after_crash',
];

/** Any of them ends recovery at a place of its own. recovery_target_timeline is judged by its value. */
const RECOVERY_TARGETS = [
  'recovery_target',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_xid',
];

interface FactsRow {
  settings: Record<string, string>;
  on_command_line: string[];
  logical_slots: string[];
  prepared: number;
  is_superuser: boolean;
  unlogged: string[];
  database_bytes: number;
  wal_since_checkpoint_bytes: number;
}

const FACTS_SQL = `
  SELECT (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY ($1::text[])) AS settings,
         (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings
           WHERE source = 'command line' AND name = ANY ($2::text[])) AS on_command_line,
         (SELECT coalesce(json_agg(slot_name ORDER BY slot_name), '[]') FROM pg_replication_slots
           WHERE slot_type = 'logical') AS logical_slots,
         (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared,
         current_setting('is_superuser') = 'on' AS is_superuser,
         (SELECT coalesce(json_agg(relname ORDER BY relname), '[]') FROM pg_class
           WHERE relpersistence = 'u' AND relkind = 'r') AS unlogged`;

/** Only a superuser may ask for these. The sizes of the databases alone: WAL is no part of what a start looks through. */
const FIGURES_SQL = `
  SELECT (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint AS database_bytes,
         pg_wal_lsn_diff(
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
           (SELECT redo_lsn FROM pg_control_checkpoint()))::bigint AS wal_since_checkpoint_bytes`;

/** Every refusal and warning with a code of its own, and the figures of the gap's estimate; also in recovery. */
export async function checkForShutdown(pool: DatabasePool): Promise<ShutdownChecks> {
  return pool.session(
    async (session) => {
      const [facts] = await session.query<FactsRow>(FACTS_SQL, [
        [
          ...RECOVERY_TARGETS,
          'restart_after_crash',
          'promote_trigger_file',
          'recovery_target_timeline',
          'recovery_min_apply_delay',
          'hot_standby',
        ],
        WRITTEN_SETTINGS,
      ]);
      if (facts === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say what its settings are.');
      const [figures] = facts.is_superuser ? await session.query<FactsRow>(FIGURES_SQL) : [];
      return {
        refusals: [...settingRefusals(facts.settings), ...stateRefusals(facts)],
        warnings: warningsOf(facts),
        databaseBytes: figures?.database_bytes ?? 0,
        walSinceCheckpointBytes: Math.max(0, figures?.wal_since_checkpoint_bytes ?? 0),
      };
    },
    { timeoutMs: CHECK_TIMEOUT_MS },
  );
}

function settingRefusals(settings: Readonly<Record<string, string>>): Reason[] {
  const refusals: Reason[] = [];
  const refuse = (code: string, sentence: string): void => void refusals.push({ code, sentence });
  if (settings['restart_after_crash'] !== 'on') {
    refuse(
      'RESTART_AFTER_CRASH_OFF',
      'PostgreSQL has restart_after_crash = off: shutting its writes would stop it for good. Set it to on and reload.',
    );
  }
  // PostgreSQL 16 knows no such setting any more.
  if ((settings['promote_trigger_file'] ?? '') !== '') {
    refuse(
      'PROMOTE_TRIGGER_FILE',
      'PostgreSQL has a promote_trigger_file: the shut main could promote itself again. Empty the setting and reload.',
    );
  }
  for (const name of RECOVERY_TARGETS) {
    if ((settings[name] ?? '') === '') continue;
    refuse(
      'RECOVERY_TARGET',
      `PostgreSQL has ${name} set: recovery would end there. Empty the setting and restart it.`,
    );
  }
  if (settings['recovery_target_timeline'] !== 'latest') {
    refuse(
      'RECOVERY_TARGET_TIMELINE',
      'PostgreSQL has recovery_target_timeline other than latest: it could not follow a new main. Reset it and restart.',
    );
  }
  if (settings['recovery_min_apply_delay'] !== '0') {
    refuse(
      'RECOVERY_MIN_APPLY_DELAY',
      'PostgreSQL has recovery_min_apply_delay set: it would replay, and be promoted, that much later. Set it to 0.',
    );
  }
  if (settings['hot_standby'] !== 'on') {
    refuse(
      'HOT_STANDBY_OFF',
      'PostgreSQL has hot_standby = off: in recovery it would answer nobody. Set it to on and restart it.',
    );
  }
  return refusals;
}

function stateRefusals(facts: FactsRow): Reason[] {
  const refusals: Reason[] = [];
  if (facts.logical_slots.length > 0) {
    const names = facts.logical_slots.join(', ');
    refusals.push({
      code: 'LOGICAL_SLOTS',
      sentence: `PostgreSQL has logical replication slots, which do not move to another server: ${names}. Drop them.`,
    });
  }
  if (facts.prepared > 0) {
    refusals.push({
      code: 'PREPARED_TRANSACTIONS',
      sentence: `PostgreSQL holds ${facts.prepared} prepared transactions, with their locks. Commit them or roll them back.`,
    });
  }
  if (!facts.is_superuser) {
    refusals.push({
      code: 'NOT_SUPERUSER',
      sentence: 'The role in DATABASE_URL is not a superuser: it can neither shut this database nor promote it.',
    });
  }
  if (facts.on_command_line.length > 0) {
    const names = facts.on_command_line.join(', ');
    refusals.push({
      code: 'SETTING_ON_COMMAND_LINE',
      sentence: `PostgreSQL gets ${names} on its command line, where nothing can change it. Move it into postgresql.conf.`,
    });
  }
  return refusals;
}

function warningsOf(facts: FactsRow): Reason[] {
  const warnings: Reason[] = [
    {
      code: 'STATISTICS_RESET',
      sentence:
        "PostgreSQL's activity statistics start anew when it is demoted or fenced; tables are analyzed again by and by.",
    },
  ];
  if (facts.unlogged.length > 0) {
    const first = facts.unlogged.slice(0, 3).join(', ');
    const more = facts.unlogged.length > 3 ? ` and ${facts.unlogged.length - 3} more` : '';
    warnings.push({
      code: 'UNLOGGED_TABLES_EMPTY',
      sentence: `Unlogged tables will be empty afterwards, here and on the new main: ${first}${more}.`,
    });
  }
  return warnings;
}
