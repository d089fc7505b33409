/** What a diverged server holds that the others may not: rows by the clock of their making (SAFETY §2). */
import pg from 'pg';
import type { DatabasePool } from './pool.ts';

const COUNT_TIMEOUT_MS = 60_000;

/** Panel tables that say when a row was made; the cluster's own tell about servers, not about the provider's customers. */
const TABLES_SQL = `
  SELECT class.relname AS table FROM pg_class AS class
    JOIN pg_namespace AS space ON space.oid = class.relnamespace
    JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
   WHERE space.nspname = 'public' AND class.relkind IN ('r', 'p') AND NOT class.relispartition
     AND class.relname NOT LIKE 'cluster\\_%' AND attribute.attname = 'created_at'
     AND attribute.atttypid = 'timestamptz'::regtype
   ORDER BY class.relname`;

/** By table name; tables without such rows too. Works in recovery. */
export async function countRowsSince(
  pool: DatabasePool,
  since: Date,
): Promise<readonly { readonly table: string; readonly rows: number }[]> {
  return pool.session(
    async (session) => {
      const counted: { table: string; rows: number }[] = [];
      for (const { table } of await session.query<{ table: string }>(TABLES_SQL)) {
        const [row] = await session.query<{ rows: number }>(
          `SELECT count(*) AS rows FROM public.${pg.escapeIdentifier(table)} WHERE created_at > $1`,
          [since.toISOString()],
        );
        counted.push({ table, rows: row?.rows ?? 0 });
      }
      return counted;
    },
    { timeoutMs: COUNT_TIMEOUT_MS },
  );
}
