import { expect, test } from 'vitest';
import { request } from 'node:http';
import { startTestApp } from './test-app.ts';

test('a body that is broken JSON is 400 INVALID_JSON', async () => {
  const { ask } = await startTestApp();
  const answer = await ask('POST', '/api/auth/login', { body: '{"username": "admin", ' });
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({ error: 'The body is not valid JSON.', code: 'INVALID_JSON' });
});

test('a body over 256 kB is 413 BODY_TOO_LARGE, announced or not', async () => {
  const { ask, url } = await startTestApp();
  const body = { username: 'admin', password: 'x'.repeat(300 * 1024) };
  const announced = await ask('POST', '/api/auth/login', { body });
  expect([announced.status, announced.json.code]).toEqual([413, 'BODY_TOO_LARGE']);

  const chunked = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Blob([JSON.stringify(body)]).stream(),
    duplex: 'half',
  });
  expect(chunked.status).toBe(413);
});

test('a compressed body is refused instead of being blown up', async () => {
  const { ask } = await startTestApp();
  const answer = await ask('POST', '/api/auth/login', { body: '{}', headers: { 'content-encoding': 'gzip' } });
  expect([answer.status, answer.json.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
});

test('a body of another content type is 415', async () => {
  const { ask } = await startTestApp();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await ask('POST', '/api/auth/login', {
      body: 'username=admin&password=x',
      headers: { 'content-type': type },
    });
    expect([type, answer.status, answer.json.code]).toEqual([type, 415, 'UNSUPPORTED_MEDIA_TYPE']);
  }
});

test('a body of the wrong shape is one sentence that names the field', async () => {
  const { ask, signIn } = await startTestApp();
  const token = await signIn('admin');
  const cases: [unknown, string, string][] = [
    [{}, 'The user name is missing.', 'username'],
    [{ username: 7 }, 'username must be a string.', 'username'],
    [{ username: '' }, 'The user name is empty.', 'username'],
    [{ username: "o'neil" }, 'The user name may hold only letters, digits and . _ @ -', 'username'],
    [{ username: 'ann', role: 'admin' }, 'There is no field named role.', 'role'],
  ];
  for (const [body, sentence, field] of cases) {
    const answer = await ask('POST', '/api/subscribers', { token, body });
    expect(answer.status, sentence).toBe(400);
    expect(answer.json.code).toBe('INVALID_REQUEST');
    expect(answer.json.error).toContain(sentence);
    expect(answer.json.field).toBe(field);
  }
  const list = await ask('POST', '/api/subscribers', { token, body: [] });
  expect([list.status, list.json.error]).toEqual([400, 'The body must be an object.']);
});

test('a key of 100 kB is not said back whole', async () => {
  const { ask, signIn } = await startTestApp();
  const body = { username: 'ann', ['k'.repeat(100_000)]: 1 };
  const answer = await ask('POST', '/api/subscribers', { token: await signIn('admin'), body });
  expect(answer.status).toBe(400);
  expect(answer.text.length).toBeLessThan(500);
});

test('a query of the wrong shape is 400', async () => {
  const { ask, signIn } = await startTestApp();
  const token = await signIn('admin');
  for (const query of ['limit=0', 'limit=x', 'limit=201', 'search=a&search=b']) {
    const answer = await ask('GET', `/api/subscribers?${query}`, { token });
    expect([query, answer.status, answer.json.code]).toEqual([query, 400, 'INVALID_REQUEST']);
  }
});

test('a known path with another method is 405 with Allow', async () => {
  const { ask } = await startTestApp();
  const answer = await ask('PUT', '/api/subscribers', { body: {} });
  expect([answer.status, answer.json.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
  expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
});

test('an unknown route below /api is 404 as JSON, also in another spelling', async () => {
  const { ask } = await startTestApp();
  for (const path of ['/api/nothing', '/api/', '/api', '/api/subscribers/', '/api/auth/LOGIN', '/api/%73ubscribers']) {
    const answer = await ask('GET', path);
    expect([path, answer.status, answer.json?.code]).toEqual([path, 404, 'NOT_FOUND']);
  }
});

test('what a handler throws unforeseen is 500 without its message, and logged under the request', async () => {
  const { app, ask, logLines, signIn } = await startTestApp();
  app.register('clusterStatus', async () => {
    throw new Error('the secret detail');
  });
  const answer = await ask('GET', '/api/cluster/status', { token: await signIn('admin') });
  expect([answer.status, answer.json.code]).toEqual([500, 'INTERNAL']);
  expect(answer.text).not.toContain('secret detail');
  const requestId = /request ([0-9a-f-]{36})/.exec(answer.json.error)?.[1];
  expect(requestId).toBeDefined();
  const line = logLines.find((text) => text.includes('the secret detail'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', requestId });
});

test('a caller that goes away aborts the work it asked for', async () => {
  const { app, url, signIn } = await startTestApp();
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  app.register('clusterStatus', ({ signal }) => {
    signal.addEventListener('abort', () => {
      aborted.resolve(signal.reason);
    });
    started.resolve();
    return new Promise(() => undefined);
  });
  const call = request(`${url}/api/cluster/status`, { headers: { authorization: `Bearer ${await signIn('admin')}` } });
  call.on('error', () => undefined);
  call.end();
  await started.promise;
  call.destroy();
  expect(String(await aborted.promise)).toContain('went away');
});

test('API replies are never stored, and carry no library name', async () => {
  const { ask } = await startTestApp();
  const { headers, json } = await ask('GET', '/health');
  expect(json).toEqual({ status: 'ok', role: 'standalone', version: '9.9.9' });
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('strict-transport-security')).toBeNull();
  expect(headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
});
