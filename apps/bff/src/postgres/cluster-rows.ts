/** cluster_config, cluster_nodes and cluster_promotions: the rows that every server holds a copy of (DESIGN §3). */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { ClusterConfigRow, ClusterRows, ClusterRowsPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { appendEvents, listEvents } from './cluster-events.ts';
import { sqlState } from './faults.ts';
import type { DatabasePool } from './pool.ts';
import type { Tables } from './tables.ts';

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** Any number, as long as no other lock of ours has it. */
const OPERATION_LOCK = 7_220_001;
const LOCK_TIMEOUT_MS = 4_000;

const configColumns = [
  'cluster_id',
  'role',
  'node_id',
  'is_active',
  'term',
  'secret_fingerprint',
  'settings',
] as const satisfies readonly (keyof ClusterConfigRow)[];

/**
 * The rows behind `ClusterRowsPort`. The pool's connections all have `synchronous_commit = local` from their start, so
 * that a write of one statement needs no transaction around it; transactions say it again (SAFETY §3).
 * Faults: READ_ONLY in recovery, DATABASE_DOWN, BUSY when another operation holds the lock for over 4 s.
 */
export function createClusterRows(pool: DatabasePool): ClusterRowsPort {
  const rows = rowsOf(pool.db, (work) => pool.guard(work));
  return {
    ...rows,
    readConfig: () => orWithoutTables(rows.readConfig(), null),
    listNodes: () => orWithoutTables(rows.listNodes(), []),
    listPromotions: () => orWithoutTables(rows.listPromotions(), []),
    transaction: (work) =>
      pool.guard(() =>
        pool.db.transaction().execute(async (transaction) => {
          await sql`SELECT set_config('synchronous_commit', 'local', true),
                           set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`.execute(transaction);
          // A statement of its own: what follows then sees all that the holder before us has committed.
          await sql`SELECT pg_advisory_xact_lock(${OPERATION_LOCK})`.execute(transaction);
          return work(rowsOf(transaction, (inner) => inner()));
        }),
      ),
    listEvents: (query) =>
      orWithoutTables(
        pool.guard(() => listEvents(pool.db, query)),
        { events: [], next_before: null },
      ),
  };
}

/** A database that was never migrated (a standby of somebody else's, a first start in recovery) holds no cluster. */
async function orWithoutTables<T>(read: Promise<T>, nothing: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Fault && sqlState(error.cause) === '42P01') return nothing;
    throw error;
  }
}

/** Inside a transaction `guard` lets errors through as they are: Kysely rolls back, and the outer guard maps them. */
function rowsOf(db: Kysely<Tables>, guard: Guard): ClusterRows {
  return {
    readConfig: () =>
      guard(async () => (await db.selectFrom('cluster_config').select(configColumns).executeTakeFirst()) ?? null),
    listNodes: () => guard(() => db.selectFrom('cluster_nodes').selectAll().orderBy('id').execute()),
    writeConfig: (row) => guard(() => writeConfig(db, row)),
    patchConfig: (patch) => guard(() => patchConfig(db, patch)),
    insertNode: (node) =>
      guard(() =>
        db
          .insertInto('cluster_nodes')
          .values({ ...node, last_heartbeat_at: null, slot_name: null, removed_at: null })
          .returningAll()
          .executeTakeFirstOrThrow(),
      ),
    patchNode: (id, patch) =>
      guard(async () => {
        if (Object.keys(patch).length === 0) return;
        const result = await db.updateTable('cluster_nodes').set(patch).where('id', '=', id).executeTakeFirst();
        if (result.numUpdatedRows === 0n) throw new Fault('NODE_UNKNOWN', `There is no node ${id} in this cluster.`);
      }),
    clearCluster: () =>
      guard(async () => {
        await db.deleteFrom('cluster_promotions').execute();
        await db.deleteFrom('cluster_nodes').execute();
        await db.deleteFrom('cluster_config').execute();
      }),
    appendEvents: (events) => guard(() => appendEvents(db, events)),
    insertPromotion: (promotion) =>
      guard(async () => {
        // Repeated after an interruption, it is the same row.
        await db
          .insertInto('cluster_promotions')
          .values(promotion)
          .onConflict((conflict) => conflict.column('promotion_id').doNothing())
          .execute();
      }),
    listPromotions: () =>
      guard(() => db.selectFrom('cluster_promotions').selectAll().orderBy('term').orderBy('at').execute()),
  };
}

async function writeConfig(db: Kysely<Tables>, row: ClusterConfigRow): Promise<void> {
  const now = new Date();
  // The row of an active cluster stays: a second setup must not overwrite what the members follow.
  const result = await db
    .insertInto('cluster_config')
    .values({ ...row, created_at: now, updated_at: now })
    .onConflict((conflict) =>
      conflict
        .column('the_only')
        .doUpdateSet({ ...row, created_at: now, updated_at: now })
        .where((where) =>
          where.or([
            where('cluster_config.is_active', '=', false),
            where('cluster_config.cluster_id', '=', row.cluster_id),
          ]),
        ),
    )
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows === 0n) {
    throw new Fault('ALREADY_CONFIGURED', 'The database already holds an active cluster.');
  }
}

async function patchConfig(db: Kysely<Tables>, patch: Partial<ClusterConfigRow>): Promise<void> {
  const result = await db
    .updateTable('cluster_config')
    .set({ ...patch, updated_at: new Date() })
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) throw new Fault('NOT_CONFIGURED', 'The database holds no cluster.');
}
