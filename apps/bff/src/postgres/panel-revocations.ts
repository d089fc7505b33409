/** Sessions that were signed out before their end (DESIGN §11): in PostgreSQL, so that a lost cache revokes nothing less. */
import type { RevocationStore } from '../panel/ports.ts';
import type { DatabasePool } from './pool.ts';

/** Revoked sessions in the local database, by the panel's own role. Faults: DATABASE_DOWN, READ_ONLY. */
export function createRevocationStore(panel: DatabasePool): RevocationStore {
  const { db } = panel;
  return {
    add: (revoked) =>
      panel.guard(async () => {
        if (revoked.length === 0) return;
        await db
          .insertInto('revoked_tokens')
          .values(revoked.map(({ jti, endsAtMs }) => ({ jti, expires_at: new Date(endsAtMs) })))
          .onConflict((conflict) => conflict.column('jti').doNothing())
          .execute();
        // What has run out is refused by its own expiry; the table stays as small as the sessions that live.
        await db.deleteFrom('revoked_tokens').where('expires_at', '<', new Date().toISOString()).execute();
      }),
    list: () =>
      panel.guard(async () => {
        const rows = await db
          .selectFrom('revoked_tokens')
          .select(['jti', 'expires_at'])
          .where('expires_at', '>', new Date().toISOString())
          .execute();
        return rows.map(({ jti, expires_at: end }) => ({ jti, endsAtMs: new Date(end).getTime() }));
      }),
  };
}
