/** Tokens that were signed out before their end (DESIGN §11): kept in PostgreSQL so that a lost cache revokes nothing less. */
import type { RevocationStore } from '../panel/ports.ts';
import type { DatabasePool } from './pool.ts';

/** Revoked tokens in the local database, by the panel's own role. Faults: DATABASE_DOWN, READ_ONLY. */
export function createRevocationStore(panel: DatabasePool): RevocationStore {
  const { db } = panel;
  return {
    add: (jti, expiresAt) =>
      panel.guard(async () => {
        await db
          .insertInto('revoked_tokens')
          .values({ jti, expires_at: expiresAt })
          .onConflict((conflict) => conflict.column('jti').doNothing())
          .execute();
        // What has run out is refused by its own expiry; the table stays as small as the tokens that live.
        await db.deleteFrom('revoked_tokens').where('expires_at', '<', new Date().toISOString()).execute();
      }),
    listUnexpired: () =>
      panel.guard(async () => {
        const rows = await db
          .selectFrom('revoked_tokens')
          .select('jti')
          .where('expires_at', '>', new Date().toISOString())
          .execute();
        return rows.map((row) => row.jti);
      }),
  };
}
