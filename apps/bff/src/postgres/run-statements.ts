import { sql } from 'kysely';
import type { Kysely } from 'kysely';

/** One after the other, within the migration's own transaction. Fixed texts: nothing of anybody's goes into them. */
export async function runStatements(db: Kysely<unknown>, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
