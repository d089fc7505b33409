import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import { expect, test } from 'vitest';
import { FORWARDED_HEADER } from '../forwarded-header.ts';
import { registerRemaining, startTestApp, type TestApp } from './test-app.ts';

const names = Object.keys(endpoints) as EndpointName[];
const rows = names.map((name) => ({ name, ...endpoints[name] }));
const ofAdmins = rows.filter((row) => row.access === 'admin');

function pathOf(row: { readonly path: string }): string {
  return row.path.replaceAll(/:\w+/g, '7');
}

function bodyOf(row: object): { body?: unknown } {
  return 'body' in row ? { body: {} } : {};
}

test('without a session every route for users, admins, servers and scripts is refused', async () => {
  const testApp = await startTestApp();
  registerRemaining(testApp.app);
  for (const row of rows.filter(({ access }) => access !== 'everyone')) {
    const answer = await testApp.ask(row.method, pathOf(row), bodyOf(row));
    const expected = { user: 'NOT_SIGNED_IN', admin: 'NOT_SIGNED_IN', server: 'SECRET_MISMATCH', script: 'BAD_TOKEN' };
    const { access } = row as { access: keyof typeof expected };
    expect([row.name, answer.json.code]).toEqual([row.name, expected[access]]);
    expect(answer.status).toBeGreaterThanOrEqual(401);
  }
});

test('a token that is made up, empty or signed with another key is nobody', async () => {
  const { ask, url } = await startTestApp();
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const claims = Buffer.from('{"sub":"admin","role":"admin","jti":"x","iat":1,"exp":99999999999}').toString(
    'base64url',
  );
  for (const token of ['x', 'a.b.c', `${none}.${claims}.`]) {
    const answer = await ask('GET', '/api/auth/me', { token });
    expect([token, answer.status, answer.json.code]).toEqual([token, 401, 'NOT_SIGNED_IN']);
  }
  const other = await startTestApp();
  const answer = await ask('GET', '/api/auth/me', { token: await other.signIn('admin') });
  expect(answer.status).toBe(401);
  const byCookie = await fetch(`${url}/api/auth/me`, {
    headers: { cookie: `proxpanel_session_${new URL(url).port}=%zz` },
  });
  expect(byCookie.status).toBe(401);
});

test('a reseller gets 403 ADMIN_ONLY on every admin route of /api/cluster, and an admin does not', async () => {
  const testApp = await startTestApp();
  registerRemaining(testApp.app);
  const reseller = await testApp.signIn('reseller');
  const admin = await testApp.signIn('admin');
  expect(ofAdmins.length).toBeGreaterThan(20);
  for (const row of ofAdmins) {
    const refused = await testApp.ask(row.method, pathOf(row), { token: reseller, ...bodyOf(row) });
    expect([row.name, refused.status, refused.json?.code]).toEqual([row.name, 403, 'ADMIN_ONLY']);
    const admitted = await testApp.ask(row.method, pathOf(row), { token: admin, ...bodyOf(row) });
    expect([200, 202, 400]).toContain(admitted.status);
  }
});

test('a refused reseller is refused before the body is looked at', async () => {
  const testApp = await startTestApp();
  registerRemaining(testApp.app);
  const answer = await testApp.ask('POST', '/api/cluster/setup-main', {
    token: await testApp.signIn('reseller'),
    body: '{',
  });
  expect(answer.json.code).toBe('ADMIN_ONLY');
});

test('the cookie signs in as well as the header, and is httpOnly, Strict and not Secure on plain http', async () => {
  const { ask, url } = await startTestApp();
  const login = await ask('POST', '/api/auth/login', {
    body: { username: 'admin', password: 'correct horse battery' },
  });
  const [cookie = '', refresh = ''] = login.headers.getSetCookie();
  expect(cookie).toMatch(/^proxpanel_session_\d+=[^;]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(refresh).toMatch(
    /^proxpanel_refresh_\d+=[^;]+; Max-Age=2592000; Path=\/api\/auth; HttpOnly; SameSite=Strict$/,
  );
  const me = await fetch(`${url}/api/auth/me`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect(await me.json()).toMatchObject({ user: { username: 'admin', role: 'admin' }, accounts_from_main_since: null });
});

async function askByCookie(testApp: TestApp, token: string, headers: Record<string, string>) {
  const cookie = `proxpanel_session_${new URL(testApp.url).port}=${token}`;
  const body = { username: `u${String(Math.random()).slice(2, 12)}` };
  return testApp.ask('POST', '/api/subscribers', { body, headers: { cookie, ...headers } });
}

test('a write by cookie from another site is 403 CROSS_SITE', async () => {
  const testApp = await startTestApp();
  const token = await testApp.signIn('admin');
  const { host } = new URL(testApp.url);
  const foreign: Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { origin: `http://${host}1` },
    { origin: 'http://127.0.0.1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site', origin: `http://${host}` },
    { 'sec-fetch-site': 'same-site', origin: 'http://other.example' },
  ];
  for (const headers of foreign) {
    const answer = await askByCookie(testApp, token, headers);
    expect([headers, answer.status, answer.json.code]).toEqual([headers, 403, 'CROSS_SITE']);
  }
  const own: Record<string, string>[] = [
    {},
    { origin: `http://${host}` },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://panel.example', 'x-forwarded-host': 'panel.example' },
  ];
  for (const headers of own)
    expect([headers, (await askByCookie(testApp, token, headers)).status]).toEqual([headers, 201]);
});

test('a bearer token may write from anywhere, a cookie may read from anywhere, and nobody signs in across sites', async () => {
  const testApp = await startTestApp();
  const token = await testApp.signIn('admin');
  const headers = { origin: 'http://evil.example' };
  expect((await testApp.ask('POST', '/api/subscribers', { token, headers, body: { username: 'ann' } })).status).toBe(
    201,
  );
  const read = await testApp.ask('GET', '/api/subscribers', {
    headers: { ...headers, cookie: `proxpanel_session_${new URL(testApp.url).port}=${token}` },
  });
  expect(read.status).toBe(200);
  expect(read.headers.get('access-control-allow-origin')).toBeNull();
  const login = await testApp.ask('POST', '/api/auth/login', { headers, body: { username: 'admin', password: 'x' } });
  expect(login.json.code).toBe('CROSS_SITE');
});

test('a script speaks with its own token and a form', async () => {
  const { app, ask } = await startTestApp();
  app.register('scriptPhase', async ({ scriptToken, body }) => {
    expect([scriptToken, body]).toEqual(['t0ken', { phase: 'stop', state: 'running', detail: 'a & b' }]);
    return { ok: true };
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'phase=stop&state=running&detail=a+%26+b';
  const answer = await ask('POST', '/api/cluster/script/phase', { token: 't0ken', headers, body });
  expect([answer.status, answer.json]).toEqual([200, { ok: true }]);
  const wrong = await ask('POST', '/api/cluster/script/phase', { token: 't0ken', headers, body: 'phase=nap' });
  expect([wrong.status, wrong.json.field]).toEqual([400, 'phase']);
});

test('a main-only call on a secondary is checked, passed on with the session, and answered with what main says', async () => {
  const testApp = await startTestApp();
  registerRemaining(testApp.app);
  testApp.state.isSecondary = true;
  const token = await testApp.signIn('admin');
  const answer = await testApp.ask('PATCH', '/api/cluster/settings', { token, body: { auto_failover: false } });
  expect(answer.json).toEqual({ from: 'main' });
  expect(testApp.state.forwarded).toMatchObject([
    { method: 'PATCH', path: '/api/cluster/settings', body: { auto_failover: false }, sessionToken: token },
  ]);
  const wrong = await testApp.ask('PATCH', '/api/cluster/settings', { token, body: { nap: 1 } });
  expect(wrong.status).toBe(400);
  const again = await testApp.ask('PATCH', '/api/cluster/settings', {
    token,
    body: { auto_failover: false },
    headers: { [FORWARDED_HEADER]: '1' },
  });
  expect([again.status, again.json.code]).toEqual([409, 'NOT_MAIN']);
  expect(testApp.state.forwarded.length).toBe(1);
  testApp.state.isSecondary = false;
  const here = await testApp.ask('PATCH', '/api/cluster/settings', { token, body: { auto_failover: false } });
  expect(here.json).toEqual({ served: 'changeSettings' });
});

test('parameters of the path reach the handler decoded', async () => {
  const { app, ask, signIn } = await startTestApp();
  app.register('operation', async ({ params }) => {
    expect(params.id).toBe('a b');
    throw new TypeError('seen');
  });
  const answer = await ask('GET', '/api/cluster/operations/a%20b', { token: await signIn('admin') });
  expect(answer.status).toBe(500);
  const broken = await ask('GET', '/api/cluster/operations/%zz', { token: await signIn('admin') });
  expect([broken.status, broken.json.code]).toEqual([400, 'INVALID_REQUEST']);
});
