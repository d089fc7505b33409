/**
 * Makes the tables of DESIGN §3. The migrations are a static list and no folder of files, so that they travel inside the
 * bundle. Run as the cluster's superuser, which owns them all; the panel's role gets rights on its own tables alone.
 */
import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import { nodeStatusSchema, roleSchema, severitySchema, userRoleSchema } from '@proxpanel/contracts/roles';
import type { LogPort } from '../cluster/ports.ts';
import type { Connections } from './connection.ts';
import { sqlState } from './faults.ts';
import { panelMigration } from './panel-migration.ts';
import { createDatabasePool } from './pool.ts';
import { runStatements } from './run-statements.ts';

/** Waiting for another process that migrates counts, too. */
const MIGRATION_TIMEOUT_MS = 60_000;

type MigrationOutcome = 'migrated' | 'in_recovery';

/**
 * Brings the tables up to date. Does nothing in recovery; may be repeated and run by two processes at once.
 *
 * @throws Fault DATABASE_DOWN, or INTERNAL with what PostgreSQL said.
 */
export async function migrate(connections: Connections, log: LogPort): Promise<MigrationOutcome> {
  const pool = createDatabasePool({
    applicationName: 'proxpanel-cluster',
    targets: connections.clusterTargets,
    noTargetSentence: 'DATABASE_URL names no login.',
    max: 2,
    statementTimeoutMs: MIGRATION_TIMEOUT_MS,
    commitLocally: true,
    log,
  });
  try {
    const [row] = await pool.query<{ in_recovery: boolean }>('SELECT pg_is_in_recovery() AS in_recovery');
    if (row?.in_recovery === true) return 'in_recovery';
    const provider = { getMigrations: () => Promise.resolve(migrations) };
    const { error, results } = await pool.guard(() => new Migrator({ db: pool.db, provider }).migrateToLatest());
    // Demoted between the question and the work.
    if (sqlState(error) === '25006') return 'in_recovery';
    if (error !== undefined) await pool.guard(() => Promise.reject(error as Error));
    for (const result of results ?? []) log.info({ migration: result.migrationName }, 'the database was migrated');
    return 'migrated';
  } finally {
    await pool.close();
  }
}

const words = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

/** Applied in the order of their names. One that has been released is never changed: add another. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_cluster': {
    async up(db) {
      await runStatements(
        db,
        `CREATE TABLE cluster_config (
           the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
           cluster_id uuid NOT NULL,
           role text NOT NULL CHECK (role IN (${words(roleSchema.options)})),
           node_id integer NOT NULL,
           is_active boolean NOT NULL,
           term bigint NOT NULL CHECK (term >= 0),
           secret_fingerprint text NOT NULL,
           settings jsonb NOT NULL,
           created_at timestamptz(3) NOT NULL DEFAULT now(),
           updated_at timestamptz(3) NOT NULL DEFAULT now())`,
        `CREATE TABLE cluster_nodes (
           id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
           display_name text NOT NULL,
           role text NOT NULL CHECK (role IN (${words(roleSchema.options)})),
           server_id uuid NOT NULL,
           status text NOT NULL CHECK (status IN (${words(nodeStatusSchema.options)})),
           address text NOT NULL,
           api_url text NOT NULL,
           postgres_port integer NOT NULL,
           redis_port integer NOT NULL,
           version text NOT NULL,
           last_heartbeat_at timestamptz(3),
           cpu_percent double precision,
           memory_percent double precision,
           disk_percent double precision,
           subscriber_count integer,
           replication_lag_seconds double precision,
           replication_lag_bytes bigint,
           slot_name text,
           joined_at timestamptz(3) NOT NULL DEFAULT now(),
           removed_at timestamptz(3))`,
        // One living node for each server: two joins at once cannot both insert (DESIGN §6.4).
        `CREATE UNIQUE INDEX cluster_nodes_living_server ON cluster_nodes (server_id) WHERE status <> 'removed'`,
        `CREATE TABLE cluster_events (
           id uuid PRIMARY KEY,
           at timestamptz(3) NOT NULL,
           type text NOT NULL,
           node_id integer,
           actor text NOT NULL,
           severity text NOT NULL CHECK (severity IN (${words(severitySchema.options)})),
           message text NOT NULL,
           rule integer,
           details jsonb NOT NULL)`,
        'CREATE INDEX cluster_events_newest ON cluster_events (at DESC, id DESC)',
        'CREATE INDEX cluster_events_newest_by_type ON cluster_events (type, at DESC, id DESC)',
        `CREATE TABLE cluster_promotions (
           promotion_id uuid PRIMARY KEY,
           term bigint NOT NULL,
           timeline integer NOT NULL,
           fork_lsn pg_lsn NOT NULL,
           node_id integer NOT NULL,
           at timestamptz(3) NOT NULL)`,
      );
    },
  },
  '0002_panel': {
    async up(db) {
      await runStatements(
        db,
        `CREATE TABLE users (
           id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
           username text NOT NULL UNIQUE,
           role text NOT NULL CHECK (role IN (${words(userRoleSchema.options)})),
           password_hash text NOT NULL,
           created_at timestamptz(3) NOT NULL DEFAULT now())`,
        `CREATE TABLE subscribers (
           id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
           username text NOT NULL UNIQUE,
           created_at timestamptz(3) NOT NULL DEFAULT now())`,
        `CREATE TABLE revoked_tokens (
           jti text PRIMARY KEY,
           expires_at timestamptz(3) NOT NULL)`,
        'CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at)',
      );
    },
  },
  '0003_business': panelMigration,
  '0004_inactive_of_reseller': {
    async up(db) {
      // A reseller's few who are switched off stand together: a search among them needs neither trigrams nor the table.
      await runStatements(
        db,
        `CREATE INDEX subscribers_inactive_of_reseller ON subscribers (reseller_id, coalesce(expires_at, 'infinity'), id)
           INCLUDE (expires_at, name_key, service_id) WHERE NOT is_active`,
      );
    },
  },
};
