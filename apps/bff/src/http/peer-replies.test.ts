import { expect, test } from 'vitest';
import { signatureOf, startTestApp, type TestApp } from './test-app.ts';

const announced = { node_id: 2 };

function asPeer(testApp: TestApp, token: string, body: unknown, path = '/api/cluster/farewell') {
  return testApp.ask('POST', path, { body, headers: { 'x-cluster-token': token } });
}

function expectSigned(answer: { status: number; text: string; headers: Headers }, jti: string): void {
  expect(answer.headers.get('x-cluster-reply')).toBe(signatureOf(jti, answer.status, answer.text));
}

test('a reply to a server is signed over its status and its very bytes', async () => {
  const testApp = await startTestApp();
  testApp.app.register('farewell', async ({ peer, body }) => {
    expect([peer.nodeId, body]).toEqual([2, announced]);
    return { ok: true };
  });
  const answer = await asPeer(testApp, 'good', announced);
  expect([answer.status, answer.json]).toEqual([200, { ok: true }]);
  expectSigned(answer, 'j-good');
});

test('errors after the proof are signed: shape, broken JSON and faults of the handler', async () => {
  const testApp = await startTestApp();
  testApp.app.register('farewell', async () => {
    throw new Error('boom');
  });
  const cases: [unknown, number, string][] = [
    [{ node_id: 'x' }, 400, 'INVALID_REQUEST'],
    ['{"node_id":', 400, 'INVALID_JSON'],
    [announced, 500, 'INTERNAL'],
  ];
  for (const [body, status, code] of cases) {
    const answer = await asPeer(testApp, 'good', body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expectSigned(answer, 'j-good');
  }
});

test('a removed node gets a 410 that it can check', async () => {
  const testApp = await startTestApp();
  testApp.app.register('farewell', async () => ({ ok: true }));
  const answer = await asPeer(testApp, 'removed', announced);
  expect([answer.status, answer.json.code]).toEqual([410, 'NODE_REMOVED']);
  expectSigned(answer, 'j-removed');
});

test('who has proved nothing gets nothing signed', async () => {
  const testApp = await startTestApp();
  testApp.app.register('farewell', async () => ({ ok: true }));
  const answer = await asPeer(testApp, 'wrong', announced);
  expect([answer.status, answer.json]).toEqual([403, { error: 'cluster secret mismatch', code: 'SECRET_MISMATCH' }]);
  expect(answer.headers.has('x-cluster-reply')).toBe(false);
});

test('size and content type are judged before the proof: 16 kB on join and preflight, 256 kB elsewhere', async () => {
  const testApp = await startTestApp();
  testApp.app.register('farewell', async () => ({ ok: true }));
  testApp.app.register('join', async () => ({ sealed: 'x' }));
  const large = { node_id: 2, filler: 'x'.repeat(20 * 1024) };
  const huge = { node_id: 2, filler: 'x'.repeat(300 * 1024) };
  const join = await asPeer(testApp, 'wrong', large, '/api/cluster/join');
  expect([join.status, join.json.code]).toEqual([413, 'BODY_TOO_LARGE']);
  expect((await asPeer(testApp, 'good', large)).json.code).toBe('INVALID_REQUEST');
  expect((await asPeer(testApp, 'wrong', huge)).json.code).toBe('BODY_TOO_LARGE');
  const typed = await testApp.ask('POST', '/api/cluster/join', {
    body: 'x',
    headers: { 'content-type': 'text/plain', 'x-cluster-token': 'good' },
  });
  expect(typed.json.code).toBe('UNSUPPORTED_MEDIA_TYPE');
});

test('a signed GET works without a body', async () => {
  const testApp = await startTestApp();
  testApp.app.register('uploadManifest', async () => {
    throw new TypeError('reached');
  });
  const answer = await testApp.ask('GET', '/api/cluster/uploads', { headers: { 'x-cluster-token': 'good' } });
  expect(answer.status).toBe(500);
  expectSigned(answer, 'j-good');
});
