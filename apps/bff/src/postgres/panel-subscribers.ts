/** The panel's subscribers: what the cluster protects. */
import type { SubscriberStore } from '../panel/ports.ts';
import { duplicate } from './panel-users.ts';
import type { DatabasePool } from './pool.ts';

/** Subscribers in the local database, by the panel's own role. Faults: DATABASE_DOWN, READ_ONLY, DUPLICATE. */
export function createSubscriberStore(panel: DatabasePool): SubscriberStore {
  const { db } = panel;
  const count = (pattern: string): Promise<number> =>
    db
      .selectFrom('subscribers')
      .select(db.fn.countAll<number>().as('count'))
      .where('username', 'ilike', pattern)
      .executeTakeFirstOrThrow()
      .then((row) => row.count);
  return {
    list: ({ search, limit }) =>
      panel.guard(async () => {
        const pattern = containing(search);
        const subscribers = await db
          .selectFrom('subscribers')
          .selectAll()
          .where('username', 'ilike', pattern)
          .orderBy('id', 'desc')
          .limit(limit)
          .execute();
        return { subscribers, total: await count(pattern) };
      }),
    insert: (username) =>
      panel.guard(() =>
        db
          .insertInto('subscribers')
          .values({ username })
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(duplicate(`There is already a subscriber "${username}".`)),
      ),
    count: () => panel.guard(() => count('%')),
  };
}

/** A LIKE pattern for "somewhere in it": `_` and `%` of a user name are letters, not wild cards. */
function containing(search: string): string {
  return `%${search.replace(/[\\%_]/g, '\\$&')}%`;
}
