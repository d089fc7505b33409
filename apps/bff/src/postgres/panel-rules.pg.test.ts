import { afterAll, beforeAll, expect, test } from 'vitest';
import { bandwidthRuleSchema, panelSettingsReplySchema } from '@proxpanel/contracts/records';
import { createServiceBodySchema } from '@proxpanel/contracts/services';
import type { BandwidthRuleStore, SettingsStore } from '../panel/ports.ts';
import { createBandwidthRuleStore, createSettingsStore } from './panel-rules.ts';
import { createServiceStore } from './panel-services.ts';
import { HOSTILE_TEXTS, startPanelDatabase } from './testing/panel-database.ts';
import type { PanelDatabase } from './testing/panel-database.ts';

let database: PanelDatabase;
let rules: BandwidthRuleStore;
let settings: SettingsStore;
let serviceId: number;

beforeAll(async () => {
  database = await startPanelDatabase();
  rules = createBandwidthRuleStore(database.panel);
  settings = createSettingsStore(database.panel);
  const body = createServiceBodySchema.parse({ name: 'Gold', download_kbps: 1, upload_kbps: 1 });
  serviceId = (await createServiceStore(database.panel).insert(body, 'ann')).id;
});
afterAll(() => database[Symbol.asyncDispose]());

const rule = (name: string) => ({
  service_id: serviceId,
  name,
  from_time: '22:00',
  to_time: '06:30',
  download_kbps: 20_000,
  upload_kbps: 5_000,
  is_active: true,
});

test('a rule comes back with the times that were typed, and each change of it is audited', async () => {
  await database.newAudit();
  const made = await rules.insert(rule('Night'), 'ann');
  expect(bandwidthRuleSchema.parse(made)).toEqual({ ...rule('Night'), id: made.id, row_version: 0 });
  const changed = await rules.update(made.id, { row_version: 0, from_time: '23:00', to_time: '06:30' }, 'ben');
  expect(changed).toEqual({ ...made, from_time: '23:00', row_version: 1 });
  expect(await rules.list()).toEqual([changed]);
  await rules.remove(made.id, 1, 'cyd');
  expect((await database.newAudit()).map(({ actor, action, changes }) => [actor, action, changes])).toEqual([
    ['ann', 'create', rule('Night')],
    ['ben', 'change', { from_time: ['22:00', '23:00'] }],
    ['cyd', 'remove', { name: ['Night', null] }],
  ]);
});

test('a rule that would never hold, without a service, twice, or made on an older version is refused', async () => {
  const { id } = await rules.insert(rule('Once'), 'ann');
  const invalid = (field: string) => ({ code: 'INVALID_REQUEST', details: { field } });
  await expect(rules.insert({ ...rule('Never'), to_time: '22:00' }, 'ann')).rejects.toMatchObject(invalid('to_time'));
  await expect(rules.update(id, { row_version: 0, from_time: '06:30' }, 'a')).rejects.toMatchObject(invalid('to_time'));
  await expect(rules.insert({ ...rule('Lost'), service_id: 9_999 }, 'ann')).rejects.toMatchObject(
    invalid('service_id'),
  );
  await expect(rules.insert(rule('Once'), 'ann')).rejects.toMatchObject({
    code: 'DUPLICATE',
    details: { field: 'name' },
  });
  const results = await Promise.allSettled([
    rules.update(id, { row_version: 0, is_active: false }, 'ann'),
    rules.update(id, { row_version: 0, download_kbps: 1 }, 'ben'),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  await expect(rules.remove(id, 0, 'ann')).rejects.toMatchObject({ code: 'ROW_CHANGED' });
  await expect(rules.remove(9_999, 0, 'ann')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  for (const name of HOSTILE_TEXTS) expect(await rules.insert(rule(name), name)).toMatchObject({ name });
});

test('the settings are one row: the second of two admins is told, and a text is a text', async () => {
  const first = await settings.read();
  expect(panelSettingsReplySchema.parse(first)).toEqual({
    settings: { company_name: 'ProxPanel', currency: 'EUR', support_contact: '' },
    row_version: 0,
  });
  await database.newAudit();
  const results = await Promise.allSettled([
    settings.update({ row_version: 0, currency: 'USD' }, 'ann'),
    settings.update({ row_version: 0, currency: 'GBP' }, 'ben'),
  ]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ROW_CHANGED' } });
  const [audit, ...more] = await database.newAudit();
  expect(more).toEqual([]);
  expect(audit).toMatchObject({ entity: 'settings', changes: { currency: ['EUR', expect.any(String)] } });
  let rowVersion = 1;
  for (const text of HOSTILE_TEXTS) {
    const body = { row_version: rowVersion, company_name: text, support_contact: text };
    const changed = await settings.update(body, 'ann');
    expect(changed.settings).toMatchObject({ company_name: text, support_contact: text });
    expect(await settings.read()).toEqual(changed);
    rowVersion = changed.row_version;
  }
});
