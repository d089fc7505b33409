/** The panel's accounts: admins and resellers. */
import { sql } from 'kysely';
import type { Reseller } from '@proxpanel/contracts/resellers';
import { Fault } from '../fault.ts';
import type { ResellerStore, UserStore } from '../panel/ports.ts';
import { audited, differences, found, refuseOlder, refusedBy } from './panel-audit.ts';
import type { DatabasePool } from './pool.ts';

type Db = DatabasePool['db'];

/** Who makes users that no signed-in person makes: the first start, and the command line. */
const THIS_SERVER = 'this server';

/** Users in the local database, by the panel's own role. Faults: DATABASE_DOWN, READ_ONLY, DUPLICATE. */
export function createUserStore(panel: DatabasePool): UserStore {
  const { db } = panel;
  return {
    findByName: (username) =>
      panel.guard(async () => {
        const row = await db
          .selectFrom('users')
          .select(['username', 'role', 'password_hash as passwordHash', 'is_active as isActive'])
          .where('username', '=', username)
          .executeTakeFirst();
        return row ?? null;
      }),
    insert: ({ username, role, passwordHash }) =>
      audited(panel, async (change, audit) => {
        const { id } = await change
          .insertInto('users')
          .values({ username, role, password_hash: passwordHash })
          .returning('id')
          .executeTakeFirstOrThrow()
          .catch(taken(username));
        const changes = { username, role, password: 'set' };
        await audit({ actor: THIS_SERVER, action: 'create', entity: 'user', entityId: id, changes });
      }),
    count: () =>
      panel.guard(async () => {
        const row = await db.selectFrom('users').select(db.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
        return row.count;
      }),
  };
}

const taken = (username: string) => refusedBy({ duplicate: { username: `There is already a user "${username}".` } });

/** INVALID_REQUEST when the id is not a reseller's: an admin is a user too, and owns nobody. */
export async function requireReseller(db: Db, id: number | null | undefined): Promise<void> {
  if (id === null || id === undefined) return;
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('id', '=', id)
    .where('role', '=', 'reseller')
    .executeTakeFirst();
  if (row === undefined) throw new Fault('INVALID_REQUEST', 'There is no such reseller.', { field: 'reseller_id' });
}

/** Resellers are users of that role. Faults as the port says. */
export function createResellerStore(panel: DatabasePool): ResellerStore {
  const { db } = panel;
  return {
    list: () => panel.guard(() => resellers(db).orderBy('users.username').execute()),
    idOf: (username) =>
      panel.guard(async () => {
        const row = await db.selectFrom('users').select('id').where('username', '=', username).executeTakeFirst();
        return row?.id ?? null;
      }),
    insert: ({ username, displayName, passwordHash }, actor) =>
      audited(panel, async (change, audit) => {
        const { id } = await change
          .insertInto('users')
          .values({ username, role: 'reseller', display_name: displayName, password_hash: passwordHash })
          .returning('id')
          .executeTakeFirstOrThrow()
          .catch(taken(username));
        const changes = { username, display_name: displayName, password: 'set' };
        await audit({ actor, action: 'create', entity: 'reseller', entityId: id, changes });
        return resellerWith(change, id);
      }),
    update: (id, { rowVersion, displayName, isActive, passwordHash }, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change
            .selectFrom('users')
            .selectAll()
            .where('id', '=', id)
            .where('role', '=', 'reseller')
            .forUpdate()
            .executeTakeFirst(),
          'reseller',
        );
        refuseOlder(`"${before.username}"`, rowVersion, before.row_version);
        const plain = {
          ...(displayName === undefined ? {} : { display_name: displayName }),
          ...(isActive === undefined ? {} : { is_active: isActive }),
        };
        const secret = passwordHash === undefined ? {} : { password_hash: passwordHash };
        const values = { ...plain, ...secret, row_version: before.row_version + 1 };
        await change.updateTable('users').set(values).where('id', '=', id).execute();
        const changes = {
          ...differences(before, plain),
          ...(passwordHash === undefined ? {} : { password: 'changed' }),
        };
        await audit({ actor, action: 'change', entity: 'reseller', entityId: id, changes });
        return resellerWith(change, id);
      }),
  };
}

function resellers(db: Db) {
  return db
    .selectFrom('users')
    .leftJoin('reseller_counts', 'reseller_counts.reseller_id', 'users.id')
    .where('users.role', '=', 'reseller')
    .select([
      'users.id',
      'users.username',
      sql<string>`coalesce(nullif(users.display_name, ''), users.username)`.as('display_name'),
      'users.is_active',
      sql<number>`coalesce(reseller_counts.subscribers, 0)`.as('subscriber_count'),
      sql<number>`(SELECT coalesce(sum(amount_minor), 0)::bigint FROM reseller_transactions WHERE reseller_id = users.id)`.as(
        'balance_minor',
      ),
      'users.created_at',
      'users.row_version',
    ]);
}

async function resellerWith(db: Db, id: number): Promise<Reseller> {
  return found(await resellers(db).where('users.id', '=', id).executeTakeFirst(), 'reseller');
}
