/** Money, and who did what: lists that only grow, read newest first. */
import { sql } from 'kysely';
import type { PageQuery } from '@proxpanel/contracts/records';
import { Fault } from '../fault.ts';
import type { RecordStore } from '../panel/ports.ts';
import { audited, differences, found, refuseOlder, type Changing } from './panel-audit.ts';
import { readCursor, writeCursor } from './panel-cursor.ts';
import { requireReseller } from './panel-users.ts';
import type { DatabasePool } from './pool.ts';

type Db = DatabasePool['db'];

/** Faults as the port says. */
export function createRecordStore(panel: DatabasePool): RecordStore {
  const { db } = panel;
  return {
    listAudit: (query) =>
      page(panel, 'audit', query, (before, limit) =>
        db.selectFrom('audit_log').selectAll().where('id', '<', before).orderBy('id', 'desc').limit(limit).execute(),
      ),
    listTransactions: (query) =>
      page(panel, 'transactions', query, (before, limit) =>
        transactions(db)
          .where('reseller_transactions.id', '<', before)
          .orderBy('reseller_transactions.id', 'desc')
          .limit(limit)
          .execute(),
      ),
    insertTransaction: (body, actor) =>
      audited(panel, async (change, audit) => {
        await requireReseller(change, body.reseller_id);
        const { id } = await change
          .insertInto('reseller_transactions')
          .values({ ...body, actor })
          .returning('id')
          .executeTakeFirstOrThrow();
        await audit({ actor, action: 'create', entity: 'transaction', entityId: id, changes: body });
        return found(
          await transactions(change).where('reseller_transactions.id', '=', id).executeTakeFirst(),
          'transaction',
        );
      }),
    listInvoices: (query) =>
      page(panel, 'invoices', query, (before, limit) =>
        invoices(db).where('id', '<', before).orderBy('id', 'desc').limit(limit).execute(),
      ),
    insertInvoice: (body, actor) =>
      audited(panel, async (change, audit) => {
        const subscriberName = await nameOfSubscriber(change, body.subscriber_id);
        const values = { ...body, subscriber_name: subscriberName, due_at: asWritten(body.due_at) };
        const { id } = await change.insertInto('invoices').values(values).returning('id').executeTakeFirstOrThrow();
        await audit({ actor, action: 'create', entity: 'invoice', entityId: id, changes: values });
        return invoiceWith(change, id);
      }),
    updateInvoice: (id, { row_version: seen, ...values }, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change.selectFrom('invoices').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'invoice',
        );
        refuseOlder('The invoice', seen, before.row_version);
        await change
          .updateTable('invoices')
          .set({ ...values, row_version: seen + 1 })
          .where('id', '=', id)
          .execute();
        const changes = differences(before, values);
        await audit({ actor, action: 'change', entity: 'invoice', entityId: id, changes });
        return invoiceWith(change, id);
      }),
  };
}

/** `read` gives rows with a lower id than the one that it is told, the highest first. */
function page<Row extends { readonly id: number }>(
  panel: DatabasePool,
  list: string,
  { cursor, limit }: PageQuery,
  read: (before: number, limit: number) => Promise<Row[]>,
): Promise<{ rows: Row[]; next: string | null }> {
  return panel.guard(async () => {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : readCursor(cursor, list).id;
    const rows = await read(before, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next =
      rows.length > shown.length && last !== undefined ? writeCursor({ sort: list, value: null, id: last.id }) : null;
    return { rows: shown, next };
  });
}

function transactions(db: Db) {
  return db
    .selectFrom('reseller_transactions')
    .innerJoin('users', 'users.id', 'reseller_transactions.reseller_id')
    .select([
      'reseller_transactions.id',
      'reseller_id',
      'users.username as reseller_name',
      'amount_minor',
      'note',
      'actor',
      'at',
    ]);
}

/** The number is the id as people write it: it may leave gaps, and is never given twice. */
function invoices(db: Db) {
  return db
    .selectFrom('invoices')
    .selectAll()
    .select(sql<string>`'INV-' || CASE WHEN id < 1000000 THEN lpad(id::text, 6, '0') ELSE id::text END`.as('number'));
}

async function invoiceWith(db: Db, id: number) {
  return found(await invoices(db).where('id', '=', id).executeTakeFirst(), 'invoice');
}

async function nameOfSubscriber(db: Changing, id: number): Promise<string> {
  const row = await db.selectFrom('subscribers').select('username').where('id', '=', id).forShare().executeTakeFirst();
  if (row === undefined) {
    throw new Fault('INVALID_REQUEST', 'There is no such subscriber.', { field: 'subscriber_id' });
  }
  return row.username;
}

function asWritten(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
