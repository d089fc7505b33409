import { afterAll, beforeAll, expect, test } from 'vitest';
import { resellerSchema } from '@proxpanel/contracts/resellers';
import { changeReseller } from '../panel/change-reseller.ts';
import { createReseller } from '../panel/create-reseller.ts';
import { passwordMatches } from '../panel/password.ts';
import type { ResellerStore } from '../panel/ports.ts';
import { createRecordStore } from './panel-records.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { createResellerStore, createUserStore } from './panel-users.ts';
import { HOSTILE_TEXTS, startPanelDatabase } from './testing/panel-database.ts';
import type { PanelDatabase } from './testing/panel-database.ts';

const ann = { username: 'ann', role: 'admin' } as const;

let database: PanelDatabase;
let resellers: ResellerStore;

beforeAll(async () => {
  database = await startPanelDatabase();
  resellers = createResellerStore(database.panel);
});
afterAll(() => database[Symbol.asyncDispose]());

const newReseller = (username: string) =>
  createReseller({ resellers }, ann, { username, display_name: `The ${username}`, password: 'sells-it-all' });

test('a reseller can sign in until he is switched off, and his password is hashed and only named in the audit log', async () => {
  await database.newAudit();
  const made = await newReseller('rob');
  expect(resellerSchema.parse(made)).toMatchObject({ display_name: 'The rob', subscriber_count: 0, balance_minor: 0 });
  const users = createUserStore(database.panel);
  const stored = await users.findByName('rob');
  expect(stored).toMatchObject({ role: 'reseller', isActive: true });
  expect(await passwordMatches(stored?.passwordHash ?? '', 'sells-it-all')).toBe(true);
  const body = { row_version: 0, is_active: false, password: 'another-password' };
  expect(await changeReseller({ resellers }, ann, made.id, body)).toMatchObject({ is_active: false, row_version: 1 });
  const changed = await users.findByName('rob');
  expect(changed?.isActive).toBe(false);
  expect(await passwordMatches(changed?.passwordHash ?? '', 'another-password')).toBe(true);
  const audit = await database.newAudit();
  expect(audit).toEqual([
    expect.objectContaining({
      actor: 'ann',
      action: 'create',
      entity: 'reseller',
      changes: { username: 'rob', display_name: 'The rob', password: 'set' },
    }),
    expect.objectContaining({ action: 'change', changes: { is_active: [true, false], password: 'changed' } }),
  ]);
});

test('his subscribers are counted and his money is summed up', async () => {
  const { id } = await newReseller('sue');
  const subscribers = createSubscriberStore(database.panel);
  await subscribers.insert({ username: 'hers-1', resellerId: id }, 'ann');
  await subscribers.insert({ username: 'hers-2', resellerId: id }, 'ann');
  await subscribers.insert({ username: 'nobodys' }, 'ann');
  const records = createRecordStore(database.panel);
  await records.insertTransaction({ reseller_id: id, amount_minor: 1_000_000_000_000, note: '' }, 'ann');
  await records.insertTransaction({ reseller_id: id, amount_minor: -1, note: '' }, 'ann');
  const sue = (await resellers.list()).find((row) => row.id === id);
  expect(sue).toMatchObject({ subscriber_count: 2, balance_minor: 999_999_999_999 });
});

test('each reseller’s count is true whatever is done to his subscribers, also by many at once', async () => {
  const [one, other] = await Promise.all([newReseller('one'), newReseller('other')]);
  const { server: superuser } = database;
  const counts = async () => {
    const rows = await resellers.list();
    return [one, other].map(({ id }) => rows.find((row) => row.id === id)?.subscriber_count);
  };
  const add = `INSERT INTO subscribers (username, reseller_id) SELECT $1 || n, $2 FROM generate_series(1, $3::int) AS n`;
  await superuser.query(add, ['one-', one.id, 40]);
  await superuser.query(add, ['other-', other.id, 20]);
  await superuser.query(add, ['free-', null, 10]);
  expect(await counts()).toEqual([40, 20]);
  // Crosswise and at once: none is refused, and each is counted.
  const move = (from: string, to: number) =>
    superuser.query('UPDATE subscribers SET reseller_id = $2 WHERE username = $1', [from, to]);
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => [
      move(`one-${String(n + 1)}`, other.id),
      move(`other-${String(n + 1)}`, one.id),
    ]).flat(),
  );
  expect(await counts()).toEqual([40, 20]);
  await superuser.query("UPDATE subscribers SET reseller_id = $1 WHERE username LIKE 'free-%'", [one.id]);
  await superuser.query("UPDATE subscribers SET reseller_id = NULL WHERE username LIKE 'other-%'");
  await superuser.query('UPDATE subscribers SET open_sessions = 1');
  await superuser.query("DELETE FROM subscribers WHERE username LIKE 'free-%' OR username LIKE 'other-%'");
  const [row] = await superuser.query<{ one: number; other: number }>(
    `SELECT count(*) FILTER (WHERE reseller_id = $1)::int AS one, count(*) FILTER (WHERE reseller_id = $2)::int AS other
       FROM subscribers`,
    [one.id, other.id],
  );
  expect(await counts()).toEqual([row?.one, row?.other]);
  expect(row).toEqual({ one: 20, other: 20 });
  await superuser.query('TRUNCATE subscribers CASCADE');
  expect(await counts()).toEqual([0, 0]);
});

test('an admin is no reseller, a name is given once to all kinds of users, and an older version changes nothing', async () => {
  await createUserStore(database.panel).insert({ username: 'boss', role: 'admin', passwordHash: 'x' });
  expect(await database.newAudit()).toContainEqual({
    actor: 'this server',
    action: 'create',
    entity: 'user',
    entity_id: expect.any(String),
    changes: { username: 'boss', role: 'admin', password: 'set' },
  });
  const boss = (await resellers.idOf('boss')) ?? 0;
  expect((await resellers.list()).map(({ username }) => username)).not.toContain('boss');
  await expect(resellers.update(boss, { rowVersion: 0, isActive: false }, 'ann')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(newReseller('boss')).rejects.toMatchObject({ code: 'DUPLICATE', details: { field: 'username' } });
  const { id } = await newReseller('tom');
  const results = await Promise.allSettled([
    resellers.update(id, { rowVersion: 0, displayName: 'A' }, 'ann'),
    resellers.update(id, { rowVersion: 0, displayName: 'B' }, 'ben'),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  for (const name of HOSTILE_TEXTS) {
    const { row_version: rowVersion } = (await resellers.list()).find((row) => row.id === id) ?? { row_version: -1 };
    expect(await resellers.update(id, { rowVersion, displayName: name }, name)).toMatchObject({ display_name: name });
  }
});
