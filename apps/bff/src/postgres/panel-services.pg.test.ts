import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNasBodySchema, nasSchema } from '@proxpanel/contracts/nas';
import { createServiceBodySchema, serviceSchema } from '@proxpanel/contracts/services';
import type { CreateServiceBody } from '@proxpanel/contracts/services';
import type { NasStore, ServiceStore } from '../panel/ports.ts';
import { createColumnSeal } from '../panel/seal-column.ts';
import { createNasStore, createServiceStore } from './panel-services.ts';
import { createSubscriberStore } from './panel-subscribers.ts';
import { HOSTILE_TEXTS, startPanelDatabase } from './testing/panel-database.ts';
import type { PanelDatabase } from './testing/panel-database.ts';

const KEY = 'b1'.repeat(32);
const SECRET = 'radius-secret-1';
const seal = createColumnSeal(KEY);

let database: PanelDatabase;
let services: ServiceStore;
let devices: NasStore;

beforeAll(async () => {
  database = await startPanelDatabase();
  services = createServiceStore(database.panel);
  devices = createNasStore(database.panel);
});
afterAll(() => database[Symbol.asyncDispose]());

const service = (name: string, parts: object = {}): CreateServiceBody =>
  createServiceBodySchema.parse({ name, download_kbps: 10_000, upload_kbps: 2_000, ...parts });
const device = (name: string, address: string) => {
  const { secret, ...body } = createNasBodySchema.parse({ name, address, secret: SECRET });
  return { ...body, secretSealed: seal.seal(secret) };
};

test('a service comes back as the contract has it, and each change of it leaves its audit row', async () => {
  await database.newAudit();
  const body = service('Gold', { monthly_quota_bytes: Number.MAX_SAFE_INTEGER, price_minor: 2_999, pool: 'gold' });
  const made = await services.insert(body, 'ann');
  expect(serviceSchema.parse(made)).toMatchObject({ ...body, row_version: 0 });
  const change = { row_version: 0, price_minor: 1_999, pool: 'gold' };
  const changed = await services.update(made.id, change, 'ben');
  expect(changed).toMatchObject({ price_minor: 1_999, row_version: 1 });
  expect(await services.find(made.id)).toEqual(changed);
  expect(await services.list()).toEqual([changed]);
  await services.remove(made.id, 1, 'cyd');
  expect(await services.list()).toEqual([]);
  const of = (actor: string, action: string, changes: unknown) =>
    expect.objectContaining({ actor, action, entity: 'service', entity_id: String(made.id), changes });
  expect(await database.newAudit()).toEqual([
    of('ann', 'create', body),
    of('ben', 'change', { price_minor: [2_999, 1_999] }),
    of('cyd', 'remove', { name: ['Gold', null] }),
  ]);
});

test('of two admins who change or remove one row at once, one is done and the other is told', async () => {
  const { id } = await services.insert(service('Contested'), 'ann');
  await database.newAudit();
  const results = await Promise.allSettled([
    services.update(id, { row_version: 0, price_minor: 1 }, 'ann'),
    services.update(id, { row_version: 0, price_minor: 2 }, 'ben'),
    services.remove(id, 0, 'cyd'),
  ]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(['ROW_CHANGED', 'NOT_FOUND']).toContain(result.reason.code);
  }
  expect(await database.newAudit()).toHaveLength(1);
});

test('a name that is taken, a service in use and one that is not there are refused, and leave no trace', async () => {
  const [gold, silver] = [
    await services.insert(service('Gold'), 'ann'),
    await services.insert(service('Silver'), 'ann'),
  ];
  await createSubscriberStore(database.panel).insert({ username: 'user', serviceId: gold.id }, 'ann');
  await database.newAudit();
  const taken = { code: 'DUPLICATE', details: { field: 'name' } };
  await expect(services.insert(service('Gold'), 'ann')).rejects.toMatchObject(taken);
  await expect(services.update(silver.id, { row_version: 0, name: 'Gold' }, 'ann')).rejects.toMatchObject(taken);
  await expect(services.remove(gold.id, 0, 'ann')).rejects.toMatchObject({ code: 'IN_USE' });
  await expect(services.find(9_999)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(services.update(9_999, { row_version: 0 }, 'ann')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(services.remove(9_999, 0, 'ann')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await database.newAudit()).toEqual([]);
});

test('SQL in a name is a name', async () => {
  for (const name of HOSTILE_TEXTS) {
    const made = await services.insert(service(name), name);
    expect((await services.update(made.id, { row_version: 0, name: `${name}2` }, name)).name).toBe(`${name}2`);
    await services.remove(made.id, 1, name);
  }
});

test('a secret goes in sealed, is named in the audit row and comes out only for who has the key', async () => {
  await database.newAudit();
  const made = await devices.insert(device('Edge', '10.1.0.0/24'), 'ann');
  expect(nasSchema.strict().parse(made)).toEqual(made);
  await devices.update(made.id, { row_version: 0, secretSealed: seal.seal('another-secret') }, 'ann');
  await devices.update(made.id, { row_version: 1, ports: 1_812 }, 'ann');
  const audit = await database.newAudit();
  expect(audit.map(({ changes }) => changes)).toEqual([
    { name: 'Edge', address: '10.1.0.0/24', type: 'mikrotik', ports: null, secret: 'set' },
    { secret: 'changed' },
    { ports: [null, 1_812] },
  ]);
  const dump = JSON.stringify(
    await database.server.query('SELECT secret_sealed::text, audit_log::text FROM nas_devices, audit_log'),
  );
  expect(dump).not.toMatch(/radius-secret|another-secret/);
  const secrets = await database.panel.query('SELECT name, secret_sealed IS NOT NULL AS sealed FROM nas_devices');
  expect(secrets).toEqual([{ name: 'Edge', sealed: true }]);
  const opened = await database.server.query(
    `SELECT shortname, secret FROM nas, set_config('proxpanel.encryption_key', $1, false)`,
    [KEY],
  );
  expect(opened).toEqual([{ shortname: 'Edge', secret: 'another-secret' }]);
});

test('of two NAS devices neither name nor address is the same, and the fault says which', async () => {
  await devices.insert(device('One', '10.2.0.1'), 'ann');
  await expect(devices.insert(device('One', '10.2.0.2'), 'ann')).rejects.toMatchObject({
    code: 'DUPLICATE',
    details: { field: 'name' },
  });
  const two = await devices.insert(device('Two', '10.2.0.2'), 'ann');
  await expect(devices.update(two.id, { row_version: 0, address: '10.2.0.1' }, 'ann')).rejects.toMatchObject({
    code: 'DUPLICATE',
    details: { field: 'address' },
  });
  await expect(devices.update(two.id, { row_version: 5, ports: 1 }, 'ann')).rejects.toMatchObject({
    code: 'ROW_CHANGED',
  });
  await devices.remove(two.id, 0, 'ann');
  await expect(devices.find(two.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
