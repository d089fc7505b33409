/** The panel's subscribers: what the cluster protects. */
import type { Insertable } from 'kysely';
import type { Subscriber, SubscriberFilters } from '@proxpanel/contracts/subscribers';
import type { Owner, RowTarget, SubscriberStore, SubscriberValues } from '../panel/ports.ts';
import { audited, differences, found, refuseOlder, refusedBy, type Changing } from './panel-audit.ts';
import type { PanelTables } from './panel-tables.ts';
import { requireReseller } from './panel-users.ts';
import type { DatabasePool } from './pool.ts';
import { conditions, listSubscribers, subscriberRows, type OwnerId } from './subscriber-queries.ts';

const USAGE_DAYS = 62;
const EXPORT_ROWS = 500;

type Db = DatabasePool['db'];

/** Subscribers in the local database, by the panel's own role. Faults as the port says. */
export function createSubscriberStore(panel: DatabasePool): SubscriberStore {
  const { db } = panel;
  return {
    list: (query, owner) => panel.guard(async () => listSubscribers(db, query, await ownerIdOf(db, owner))),
    stream: (filters, owner) => stream(panel, filters, owner),
    find: (id, owner) => panel.guard(() => find(db, id, owner)),
    insert: (values, actor) =>
      audited(panel, async (change, audit) => {
        await requireReseller(change, values.resellerId);
        const { id } = await change
          .insertInto('subscribers')
          .values({ ...columnsOf(values), username: values.username } as Insertable<PanelTables['subscribers']>)
          .returning('id')
          .executeTakeFirstOrThrow()
          .catch(taken(values.username));
        await audit({ actor, action: 'create', entity: 'subscriber', entityId: id, changes: said(values) });
        return find(change, id, null);
      }),
    update: (target, values, actor) => update(panel, target, values, actor),
    remove: (target, actor) => remove(panel, target, actor),
    usage: (id, owner) =>
      panel.guard(async () => {
        await find(db, id, owner);
        const days = await db
          .selectFrom('fup_counters')
          .select((select) => [
            select.fn<string>('to_char', ['day', select.val('YYYY-MM-DD')]).as('day'),
            'download_bytes',
            'upload_bytes',
          ])
          .where('subscriber_id', '=', id)
          .orderBy('fup_counters.day', 'desc')
          .limit(USAGE_DAYS)
          .execute();
        return { days };
      }),
    count: () =>
      panel.guard(async () => {
        const row = await db
          .selectFrom('subscribers')
          .select((select) => select.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        return row.count;
      }),
  };
}

/** A reseller who is not there any more owns nothing. */
async function ownerIdOf(db: Db | Changing, owner: Owner): Promise<OwnerId> {
  if (owner === null) return null;
  const row = await db.selectFrom('users').select('id').where('username', '=', owner).executeTakeFirst();
  return row?.id ?? 0;
}

async function find(db: Db | Changing, id: number, owner: Owner): Promise<Subscriber> {
  const whose = conditions({ search: '' }, await ownerIdOf(db, owner));
  const row = await subscriberRows(db).where('subscribers.id', '=', id).where(whose).executeTakeFirst();
  return found(row, 'subscriber');
}

function update(panel: DatabasePool, { id, rowVersion, owner }: RowTarget, values: SubscriberValues, actor: string) {
  return audited(panel, async (change, audit) => {
    const before = await lock(change, id, owner);
    refuseOlder(`"${before.username}"`, rowVersion, before.row_version);
    await requireReseller(change, values.resellerId);
    const columns = columnsOf(values);
    await change
      .updateTable('subscribers')
      .set({ ...columns, row_version: before.row_version + 1, updated_at: new Date().toISOString() })
      .where('id', '=', id)
      .execute()
      .catch(taken(values.username ?? ''));
    const { password_sealed: sealed, ...plain } = columns;
    const changes = { ...differences(before, plain), ...(sealed === undefined ? {} : { password: 'changed' }) };
    await audit({ actor, action: 'change', entity: 'subscriber', entityId: id, changes });
    return find(change, id, null);
  });
}

function remove(panel: DatabasePool, { id, rowVersion, owner }: RowTarget, actor: string): Promise<void> {
  return audited(panel, async (change, audit) => {
    const before = await lock(change, id, owner);
    refuseOlder(`"${before.username}"`, rowVersion, before.row_version);
    await change.deleteFrom('subscribers').where('id', '=', id).execute();
    const changes = { username: [before.username, null] };
    await audit({ actor, action: 'remove', entity: 'subscriber', entityId: id, changes });
  });
}

/** The row, kept from other writers until the end of the transaction. */
async function lock(change: Changing, id: number, owner: Owner) {
  await find(change, id, owner);
  const row = await change.selectFrom('subscribers').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return found(row, 'subscriber');
}

/** By name, each batch from where the last one ended: nothing is held open between them, however slow the reader is. */
async function* stream(
  panel: DatabasePool,
  filters: SubscriberFilters,
  owner: Owner,
): AsyncGenerator<readonly Subscriber[]> {
  const whose = conditions(filters, await panel.guard(() => ownerIdOf(panel.db, owner)));
  let after = '';
  for (;;) {
    const last = after;
    const rows = await panel.guard(() =>
      subscriberRows(panel.db)
        .where('subscribers.username', '>', last)
        .where(whose)
        .orderBy('subscribers.username')
        .limit(EXPORT_ROWS)
        .execute(),
    );
    if (rows.length > 0) yield rows;
    const end = rows.at(-1);
    if (end === undefined || rows.length < EXPORT_ROWS) return;
    after = end.username;
  }
}

/** Only what is named. */
function columnsOf(values: SubscriberValues) {
  const columns = {
    username: values.username,
    password_sealed: values.passwordSealed,
    service_id: values.serviceId,
    reseller_id: values.resellerId,
    // As it is read again: two ways to write one instant are no difference.
    expires_at: values.expiresAt == null ? values.expiresAt : new Date(values.expiresAt).toISOString(),
    is_active: values.isActive,
    note: values.note,
  };
  const named = Object.entries(columns).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as Partial<typeof columns>;
}

const taken = (username: string) =>
  refusedBy({ duplicate: { username: `There is already a subscriber "${username}".` } });

/** For the audit row of a new one. */
function said({ passwordSealed, ...values }: SubscriberValues): Record<string, unknown> {
  return { ...values, ...(passwordSealed === undefined ? {} : { password: 'set' }) };
}
