import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import { expect, test } from 'vitest';
import { registerRemaining, startTestApp } from './test-app.ts';

test('the description holds every served row, with body, parameters and reply', async () => {
  const { app, ask, signIn } = await startTestApp();
  registerRemaining(app);
  const { json, status } = await ask('GET', '/api/openapi.json', { token: await signIn('admin') });
  expect([status, json.openapi, json.info.version]).toEqual([200, '3.1.0', '9.9.9']);
  const described = Object.values(json.paths).flatMap((methods) =>
    Object.values(methods as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  );
  expect(described.sort()).toEqual((Object.keys(endpoints) as EndpointName[]).sort());

  const create = json.paths['/api/subscribers'].post;
  expect(create.requestBody.content['application/json'].schema.properties.username.maxLength).toBe(64);
  expect(create.responses['201'].content['application/json'].schema.properties.id.type).toBe('integer');
  expect(json.paths['/api/cluster/nodes/{id}'].delete.parameters).toMatchObject([{ name: 'id', in: 'path' }]);
  expect(json.paths['/api/subscribers'].get.parameters.map(({ name }: { name: string }) => name)).toEqual([
    'search',
    'state',
    'service_id',
    'reseller_id',
    'sort',
    'descending',
    'cursor',
    'limit',
  ]);
  expect(json.components.schemas.Error.properties.code.enum).toContain('READ_ONLY');
});

test('a reseller is not shown what the cluster can do', async () => {
  const { ask, signIn } = await startTestApp();
  expect((await ask('GET', '/api/openapi.json', { token: await signIn('reseller') })).json.code).toBe('ADMIN_ONLY');
});
