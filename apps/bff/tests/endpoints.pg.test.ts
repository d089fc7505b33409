/** The endpoint table against a running server: what is served, what is not yet, and who is kept out. */
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Rows of the design whose work comes later. This list may only shrink. */
const notYetServed: readonly EndpointName[] = [];

let testbed: Testbed;
let server: TestServer;

beforeAll(async () => {
  testbed = await createTestbed();
  server = await testbed.addServer('only');
}, 120_000);

afterAll(() => testbed.dispose());

test('every row of the endpoint table is served, but for those that are named as not yet', async () => {
  const panel = await server.panel().signIn();
  const { paths } = await panel.expectOk(panel.get<{ paths: Record<string, object> }>('/api/openapi.json'));
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const expected = (Object.keys(endpoints) as EndpointName[])
    .filter((name) => !notYetServed.includes(name))
    .map((name) => `${endpoints[name].method} ${endpoints[name].path}`);
  expect(served.toSorted()).toEqual(expected.toSorted());
});

test('without a session every route for people says so, and a row that is not served is 404', async () => {
  const stranger = server.panel();
  for (const { method, path, access } of Object.values(endpoints)) {
    if (method !== 'GET' || (access !== 'admin' && access !== 'user')) continue;
    const reply = await stranger.get<{ code: string }>(path.replace(':id', '1'));
    expect([path, reply.body.code]).toEqual([path, reply.status === 404 ? 'NOT_FOUND' : 'NOT_SIGNED_IN']);
  }
  expect((await stranger.get<{ code: string }>('/api/cluster/no-such-row')).body.code).toBe('NOT_FOUND');
});

test('the API page is for admins and runs no script', async () => {
  const panel = await server.panel().signIn();
  const page = await panel.get<string>('/api/docs');
  expect(page.status).toBe(200);
  expect(page.body).toContain('POST /api/cluster/setup-main');
  expect(page.body).not.toContain('<script');
  expect((await server.panel().get('/api/docs')).status).toBe(401);
});
