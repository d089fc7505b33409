import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditPageReplySchema, invoiceSchema, transactionSchema } from '@proxpanel/contracts/records';
import type { PageQuery } from '@proxpanel/contracts/records';
import type { RecordStore } from '../panel/ports.ts';
import { createRecordStore } from './panel-records.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createResellerStore, createUserStore } from './panel-users.ts';
import { HOSTILE_TEXTS, startPanelDatabase } from './testing/panel-database.ts';
import type { PanelDatabase } from './testing/panel-database.ts';

let database: PanelDatabase;
let records: RecordStore;
let reseller: number;

beforeAll(async () => {
  database = await startPanelDatabase();
  records = createRecordStore(database.panel);
  const values = { username: 'rob', displayName: 'Rob', passwordHash: 'x' };
  reseller = (await createResellerStore(database.panel).insert(values, 'ann')).id;
});
afterAll(() => database[Symbol.asyncDispose]());

const pay = (amount: number, note = '', actor = 'ann') =>
  records.insertTransaction({ reseller_id: reseller, amount_minor: amount, note }, actor);

async function walk(
  list: (query: PageQuery) => Promise<{ rows: readonly { readonly id: number }[]; next: string | null }>,
  between: () => Promise<unknown>,
): Promise<number[]> {
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 3, cursor });
    seen.push(...page.rows.map(({ id }) => id));
    cursor = page.next ?? undefined;
    await between();
  } while (cursor !== undefined);
  return seen;
}

test('a transaction is kept as it was made, with its actor and its audit row', async () => {
  await database.newAudit();
  for (const note of HOSTILE_TEXTS) {
    const made = await pay(-1_000_000_000_000, note, note);
    expect(transactionSchema.parse(made)).toMatchObject({
      reseller_name: 'rob',
      amount_minor: -1_000_000_000_000,
      note,
      actor: note,
    });
    expect((await records.listTransactions({ limit: 1 })).rows).toEqual([made]);
    expect(await database.newAudit()).toEqual([
      {
        actor: note,
        action: 'create',
        entity: 'transaction',
        entity_id: String(made.id),
        changes: { reseller_id: reseller, amount_minor: -1_000_000_000_000, note },
      },
    ]);
  }
});

test('money is for resellers who are there; an admin is none', async () => {
  await createUserStore(database.panel).insert({ username: 'boss', role: 'admin', passwordHash: 'x' });
  const boss = await createResellerStore(database.panel).idOf('boss');
  await database.newAudit();
  for (const id of [9_999, boss ?? 0]) {
    const transaction = records.insertTransaction({ reseller_id: id, amount_minor: 1, note: '' }, 'ann');
    await expect(transaction).rejects.toMatchObject({ code: 'INVALID_REQUEST', details: { field: 'reseller_id' } });
  }
  expect(await database.newAudit()).toEqual([]);
});

test('an invoice outlives its subscriber under the name of its day, and its number is never given twice', async () => {
  const subscribers = createSubscriberStore(database.panel);
  const { id } = await subscribers.insert({ username: 'payer' }, 'ann');
  await database.newAudit();
  const body = { subscriber_id: id, amount_minor: 0, due_at: '2026-12-31T01:00:00+01:00' };
  const [one, two] = [await records.insertInvoice(body, 'ann'), await records.insertInvoice(body, 'ann')];
  expect(invoiceSchema.parse(one)).toMatchObject({
    subscriber_name: 'payer',
    status: 'open',
    due_at: '2026-12-31T00:00:00.000Z',
    row_version: 0,
  });
  expect(one.number).toMatch(/^INV-\d{6}$/);
  expect(one.number).not.toBe(two.number);
  const paid = await records.updateInvoice(one.id, { row_version: 0, status: 'paid' }, 'ben');
  expect(paid).toEqual({ ...one, status: 'paid', row_version: 1 });
  await subscribers.remove({ id, rowVersion: 0, owner: null }, 'ann');
  const { rows } = await records.listInvoices({ limit: 2 });
  expect(rows).toEqual([
    { ...two, subscriber_id: null },
    { ...paid, subscriber_id: null },
  ]);
  expect((await database.newAudit()).map(({ action, entity, changes }) => [action, entity, changes])).toEqual([
    ['create', 'invoice', { ...body, subscriber_name: 'payer', due_at: '2026-12-31T00:00:00.000Z' }],
    ['create', 'invoice', expect.anything()],
    ['change', 'invoice', { status: ['open', 'paid'] }],
    ['remove', 'subscriber', expect.anything()],
  ]);
  await expect(records.insertInvoice(body, 'ann')).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    details: { field: 'subscriber_id' },
  });
  await expect(records.updateInvoice(9_999, { row_version: 0, status: 'paid' }, 'a')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const results = await Promise.allSettled([
    records.updateInvoice(two.id, { row_version: 0, status: 'paid' }, 'ann'),
    records.updateInvoice(two.id, { row_version: 0, status: 'cancelled' }, 'ben'),
  ]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ROW_CHANGED' } });
});

test('pages go on where they were, newest first, whatever is written between them', async () => {
  for (let amount = 1; amount <= 10; amount += 1) await pay(amount);
  const all = (await records.listTransactions({ limit: 200 })).rows.map(({ id }) => id);
  expect(all).toEqual(all.toSorted((left, right) => right - left));
  expect(
    await walk(
      (query) => records.listTransactions(query),
      () => pay(77),
    ),
  ).toEqual(all);
  const audit = (await records.listAudit({ limit: 200 })).rows.map(({ id }) => id);
  expect(
    await walk(
      (query) => records.listAudit(query),
      () => pay(78),
    ),
  ).toEqual(audit);
  const page = await records.listAudit({ limit: 5 });
  expect(auditPageReplySchema.parse(page)).toEqual(page);
  const cursor = page.next ?? '';
  for (const list of [records.listTransactions, records.listInvoices]) {
    await expect(list({ limit: 5, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  }
  await expect(records.listAudit({ limit: 5, cursor: "'; DROP TABLE audit_log" })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    details: { field: 'cursor' },
  });
});
