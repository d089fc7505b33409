/**
 * A search whose matches are frequent is met soon along the order, without any look at its trigrams: those of a million
 * names cost tens of milliseconds, even when the page needs fifty of the many that match.
 */
import { sql } from 'kysely';
import type { Expression, RawBuilder, SqlBool } from 'kysely';
import type { DatabasePool } from './pool.ts';
import { beginningWith, within } from './subscriber-search.ts';

type Db = DatabasePool['db'];

/** So many rows are gone along at the most, in 10 to 15 ms of an index; with one match in 600 they hold a page. */
export const WALKED_ROWS = 30_000;

interface Walk {
  readonly order: {
    readonly column: RawBuilder<unknown>;
    readonly direction: RawBuilder<unknown>;
    readonly by: RawBuilder<unknown>;
  };
  /** What the order's index is entered with, the cursor too; it does not count as gone along what this leaves out. */
  readonly entry: Expression<SqlBool>;
  /** All that a row has to be, the search too. */
  readonly match: Expression<SqlBool>;
  readonly rows: number;
  /** Rows of a page. */
  readonly wanted: number;
}

/** The first matches in the order, as many as are wanted, or null: fewer were met among so many rows. */
export async function walkToPage(db: Db, { order, entry, match, rows, wanted }: Walk): Promise<number[] | null> {
  // All columns that a filter may name, and no others: then an index answers alone.
  const found = await sql<{ id: number }>`
    SELECT id FROM (
      SELECT id, name_key, expires_at, is_active, open_sessions, service_id, reseller_id, ${order.column} AS place
        FROM subscribers WHERE ${entry} ORDER BY ${order.by} LIMIT ${rows}) AS subscribers
     WHERE ${match} ORDER BY place ${order.direction}, id ${order.direction} LIMIT ${wanted}`.execute(db);
  return found.rows.length < wanted ? null : found.rows.map(({ id }) => id);
}

/**
 * How many names of at least three letters match, counted up to `most`. Those that begin with the search stand together in the
 * order of names; only when they are not enough are trigrams asked for the others.
 */
export async function countSearched(
  db: Db,
  { search, parts, most }: { readonly search: string; readonly parts: Expression<SqlBool>; readonly most: number },
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    WITH beginning AS MATERIALIZED (
           SELECT 1 FROM subscribers WHERE ${parts} AND ${beginningWith(search)} LIMIT ${most}),
         others AS MATERIALIZED (
           SELECT 1 FROM subscribers WHERE ${parts} AND (SELECT count(*) FROM beginning) < ${most}
              AND ${within(search)} AND NOT ${beginningWith(search)} LIMIT ${most})
    SELECT ((SELECT count(*) FROM beginning) + (SELECT count(*) FROM others))::integer AS count`.execute(db);
  return rows[0]?.count ?? 0;
}
