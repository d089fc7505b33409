/** The panel's accounts. */
import type { UserStore } from '../panel/ports.ts';
import { Fault } from '../fault.ts';
import { sqlState } from './faults.ts';
import type { DatabasePool } from './pool.ts';

/** Users in the local database, by the panel's own role. Faults: DATABASE_DOWN, READ_ONLY, DUPLICATE. */
export function createUserStore(panel: DatabasePool): UserStore {
  const { db } = panel;
  return {
    findByName: (username) =>
      panel.guard(async () => {
        const row = await db
          .selectFrom('users')
          .select(['username', 'role', 'password_hash as passwordHash'])
          .where('username', '=', username)
          .executeTakeFirst();
        return row ?? null;
      }),
    insert: (user) =>
      panel.guard(async () => {
        const values = { username: user.username, role: user.role, password_hash: user.passwordHash };
        await db
          .insertInto('users')
          .values(values)
          .execute()
          .catch(duplicate(`There is already a user "${user.username}".`));
      }),
    count: () =>
      panel.guard(async () => {
        const row = await db.selectFrom('users').select(db.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
        return row.count;
      }),
  };
}

/** A rejection handler: a unique constraint that was hit becomes DUPLICATE, everything else stays. */
export function duplicate(sentence: string): (error: unknown) => never {
  return (error) => {
    if (sqlState(error) === '23505') throw new Fault('DUPLICATE', sentence, { field: 'username', cause: error });
    throw error;
  };
}
