import { ACCESS_LIFETIME_MS, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import { PASSWORDS, startTestApp, type Answer, type TestApp } from '../http/test-app.ts';

/** The refresh token and its cookie, as a browser keeps it. */
async function signInFor(
  testApp: TestApp,
  username: keyof typeof PASSWORDS,
): Promise<{ token: string; cookie: string }> {
  const body = { username, password: PASSWORDS[username] };
  const answer = await testApp.ask('POST', '/api/auth/login', { body });
  const [, refresh = ''] = answer.headers.getSetCookie();
  const [cookie = ''] = refresh.split(';');
  return { cookie, token: cookie.slice(cookie.indexOf('=') + 1) };
}

function refresh(testApp: TestApp, cookie: string, headers: Record<string, string> = {}): Promise<Answer> {
  return testApp.ask('POST', '/api/auth/refresh', { body: {}, headers: { cookie, ...headers } });
}

const away = new Fault('DATABASE_DOWN', 'The database of this server does not answer now.');

test('when the access token has ended, the refresh cookie gives the next one, with its cookie and its end', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'admin');
  testApp.state.nowMs += ACCESS_LIFETIME_MS + 1_000;
  const answer = await refresh(testApp, cookie);
  expect([answer.status, answer.json.user]).toEqual([200, { username: 'admin', role: 'admin' }]);
  const livesMs = Date.parse(answer.json.expires_at as string) - testApp.state.nowMs;
  expect(Math.abs(livesMs - ACCESS_LIFETIME_MS)).toBeLessThan(1_000);
  const set = answer.headers.getSetCookie();
  expect(set).toHaveLength(1);
  expect(set[0]).toMatch(/^proxpanel_session_\d+=[^;]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Strict$/);
  expect((await testApp.ask('GET', '/api/auth/me', { token: answer.json.token as string })).status).toBe(200);
});

test('a program refreshes by its refresh token as bearer; an access token, none and nonsense are nobody', async () => {
  const testApp = await startTestApp();
  const { token } = await signInFor(testApp, 'admin');
  const access = await testApp.signIn('admin');
  const statusOf = async (bearer?: string) =>
    (await testApp.ask('POST', '/api/auth/refresh', { body: {}, ...(bearer === undefined ? {} : { token: bearer }) }))
      .status;
  expect(await statusOf(token)).toBe(200);
  for (const bearer of [access, 'a.b.c', undefined]) expect([bearer, await statusOf(bearer)]).toEqual([bearer, 401]);
});

test('a refresh token opens nothing but the refresh', async () => {
  const testApp = await startTestApp();
  const { token, cookie } = await signInFor(testApp, 'admin');
  const value = cookie.slice(cookie.indexOf('=') + 1);
  const asSession = { cookie: `proxpanel_session_${new URL(testApp.url).port}=${value}` };
  expect((await testApp.ask('GET', '/api/auth/me', { token })).status).toBe(401);
  expect((await testApp.ask('GET', '/api/auth/me', { headers: asSession })).status).toBe(401);
});

test('after thirty days nothing is refreshed any more, however often it was before', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'admin');
  const start = testApp.state.nowMs;
  for (const day of [10, 20, 29]) {
    testApp.state.nowMs = start + day * 86_400_000;
    expect((await refresh(testApp, cookie)).status).toBe(200);
  }
  testApp.state.nowMs = start + SESSION_LIFETIME_MS;
  expect((await refresh(testApp, cookie)).json.code).toBe('NOT_SIGNED_IN');
});

test('signing out ends the refresh token too', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'admin');
  const { token } = (await refresh(testApp, cookie)).json as { token: string };
  expect((await testApp.ask('POST', '/api/auth/logout', { token })).status).toBe(200);
  expect((await refresh(testApp, cookie)).status).toBe(401);
});

test('who is gone or was deactivated is refused, and a changed role counts from the next refresh on', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'reseller');
  testApp.state.users.reseller = { role: 'admin', isActive: true };
  const promoted = await refresh(testApp, cookie);
  expect(promoted.json.user).toEqual({ username: 'reseller', role: 'admin' });
  testApp.state.users.reseller = { role: 'reseller', isActive: false };
  expect((await refresh(testApp, cookie)).json).toMatchObject({
    code: 'NOT_SIGNED_IN',
    error: expect.stringContaining('may not use the panel any more'),
  });
  testApp.state.users.reseller = null;
  expect((await refresh(testApp, cookie)).json.code).toBe('NOT_SIGNED_IN');
});

test('while the database is away the page stays signed in, with the role that the session has', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'reseller');
  testApp.state.databaseFault = away;
  testApp.state.nowMs += ACCESS_LIFETIME_MS;
  const answer = await refresh(testApp, cookie);
  expect([answer.status, answer.json.user]).toEqual([200, { username: 'reseller', role: 'reseller' }]);
});

test('no other site may refresh with the cookie of this browser', async () => {
  const testApp = await startTestApp();
  const { cookie } = await signInFor(testApp, 'admin');
  expect((await refresh(testApp, cookie, { origin: 'http://evil.example' })).json.code).toBe('CROSS_SITE');
});

/** As after a join: the key of before is an old one, and main's accounts count from now on. */
function join(testApp: TestApp): void {
  const { session_signing_key: key } = testApp.nodeFile.get();
  const verifyUntil = new Date(testApp.state.nowMs + SESSION_LIFETIME_MS).toISOString();
  testApp.nodeFile.change({
    session_signing_key: 'the-key-of-main-which-is-quite-another-one',
    old_session_signing_keys: [{ key, verify_until: verifyUntil }],
  });
}

test("an admin of before a join stays signed in; a reseller does until the accounts are main's", async () => {
  const testApp = await startTestApp();
  const admin = await signInFor(testApp, 'admin');
  const reseller = await signInFor(testApp, 'reseller');
  join(testApp);
  for (const { cookie } of [admin, reseller]) expect((await refresh(testApp, cookie)).status).toBe(200);
  testApp.state.accountsFromMainSince = new Date().toISOString();
  for (const fault of [null, away]) {
    testApp.state.databaseFault = fault;
    expect((await refresh(testApp, admin.cookie)).status).toBe(200);
    expect((await refresh(testApp, reseller.cookie)).json.error).toContain("main's now");
  }
  testApp.state.databaseFault = null;
  // Main knows a reseller by the admin's name.
  testApp.state.users.admin = { role: 'reseller', isActive: true };
  expect((await refresh(testApp, admin.cookie)).status).toBe(401);
});
