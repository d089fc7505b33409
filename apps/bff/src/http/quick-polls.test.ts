import { expect, test } from 'vitest';
import { PASSWORDS, startTestApp, type TestApp } from './test-app.ts';

/** The status as an ordinary route that says so, and at hand as what is given. */
async function withStatus(atHand: () => Buffer | null): Promise<TestApp> {
  const testApp = await startTestApp();
  testApp.app.register('clusterStatus', async () => ({ by: 'route' }) as never);
  testApp.app.serveQuickly('clusterStatus', atHand);
  return testApp;
}

const quick = () => Buffer.from('{"by":"hand"}');

test('a poll whose reply is at hand is answered with it, by cookie too, once its session has been seen', async () => {
  const { ask, signIn, url } = await withStatus(quick);
  const token = await signIn('admin');
  const first = await ask('GET', '/api/cluster/status', { token });
  expect([first.status, first.json.by]).toEqual([200, 'route']);
  const second = await ask('GET', '/api/cluster/status', { token });
  expect([second.status, second.json.by]).toEqual([200, 'hand']);
  const byCookie = await ask('GET', '/api/cluster/status', {
    headers: { cookie: `proxpanel_session_${new URL(url).port}=${token}` },
  });
  expect(byCookie.json.by).toBe('hand');
});

test('a quick reply carries the very headers of an ordinary one', async () => {
  let isAtHand = false;
  const { ask, signIn } = await withStatus(() => (isAtHand ? Buffer.from('{"by":"route"}') : null));
  const token = await signIn('admin');
  const headersOf = async () => {
    const answer = await ask('GET', '/api/cluster/status', { token });
    return Object.fromEntries([...answer.headers].filter(([name]) => name !== 'date'));
  };
  const ordinary = await headersOf();
  isAtHand = true;
  const quickly = await headersOf();
  expect(quickly).toEqual(ordinary);
  expect(quickly).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
});

test('who may not ask is refused also while a reply is at hand', async () => {
  const { ask, signIn, sessions, list, state } = await withStatus(quick);
  const admin = await signIn('admin');
  const reseller = await signIn('reseller');
  const statusOf = async (token?: string) =>
    (await ask('GET', '/api/cluster/status', token === undefined ? {} : { token })).status;
  expect(await statusOf()).toBe(401);
  expect(await statusOf('made.up.token')).toBe(401);
  for (let round = 0; round < 2; round += 1) expect(await statusOf(reseller)).toBe(403);
  for (let round = 0; round < 2; round += 1) expect(await statusOf(admin)).toBe(200);
  const user = await sessions.verify(admin);
  if (user === null) throw new Error('the admin is signed in');
  list.add(user.jti, user.sessionEndsAtMs);
  expect(await statusOf(admin)).toBe(401);

  const late = await signIn('admin');
  for (let round = 0; round < 2; round += 1) expect(await statusOf(late)).toBe(200);
  state.nowMs += 15 * 60_000;
  expect(await statusOf(late)).toBe(401);
});

test('a session ends with its signing key, also for quick replies', async () => {
  const { ask, signIn, nodeFile } = await withStatus(quick);
  const token = await signIn('admin');
  for (let round = 0; round < 2; round += 1) await ask('GET', '/api/cluster/status', { token });
  nodeFile.change({ session_signing_key: 'another-key-that-knows-no-old-session-at-all' });
  expect((await ask('GET', '/api/cluster/status', { token })).status).toBe(401);
});

test('another method, a query and another spelling go the ordinary way', async () => {
  const { ask, signIn, url } = await withStatus(quick);
  const token = await signIn('admin');
  await ask('GET', '/api/cluster/status', { token });
  expect((await ask('POST', '/api/cluster/status', { token, body: {} })).status).toBe(405);
  expect((await ask('GET', '/api/cluster/status?x=1', { token })).json.by).toBe('route');
  expect((await ask('GET', '/api/cluster/status/', { token })).status).toBe(404);
  const head = await fetch(`${url}/api/cluster/status`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${token}` },
  });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('at debug level every poll leaves its line', async () => {
  const testApp = await startTestApp({ logLevel: 'trace' });
  await testApp.ask('GET', '/health');
  expect(testApp.logLines.filter((line) => line.includes('/health'))).toHaveLength(1);
  expect(testApp.logLines.join('')).not.toContain(PASSWORDS.admin);
});

test('only what everyone, users or admins read can be a poll', async () => {
  const { app } = await startTestApp();
  for (const name of ['setupMain', 'peerStatus', 'operation'] as const) {
    expect(() => app.serveQuickly(name, quick)).toThrow(name);
  }
});
