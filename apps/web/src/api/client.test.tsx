import { http, HttpResponse } from 'msw';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { refusal, server } from '../testing/panel.tsx';
import { call, callText, keepSignedIn } from './client.ts';

beforeAll(() => {
  server.listen({ onUnhandledFrame: 'error' });
});
afterEach(() => {
  server.resetHandlers();
});
afterAll(() => {
  server.close();
});

/** A server whose access token has ended until it is refreshed. `state` says what it does and has done. */
function serverWithEndedToken() {
  const state = { isFresh: false, refreshes: 0, calls: 0, answer: 'renewed' as 'renewed' | 'ended' | 'down' };
  const whenFresh = (reply: () => Response) => () => {
    state.calls += 1;
    return state.isFresh ? reply() : refusal(401, 'NOT_SIGNED_IN', 'Sign in first.');
  };
  server.use(
    http.get(
      '/api/services',
      whenFresh(() => HttpResponse.json({ services: [] })),
    ),
    http.get(
      '/api/cluster/setup_replica.sh',
      whenFresh(() => HttpResponse.text('#!/bin/bash')),
    ),
    http.post(
      '/api/auth/logout',
      whenFresh(() => HttpResponse.json({ ok: true })),
    ),
    http.post('/api/auth/refresh', async () => {
      state.refreshes += 1;
      if (state.answer === 'ended') return refusal(401, 'NOT_SIGNED_IN', 'Sign in first.');
      if (state.answer === 'down') return HttpResponse.error();
      state.isFresh = true;
      const user = { username: 'admin', role: 'admin' };
      return HttpResponse.json({ token: 't', expires_at: new Date(Date.now() + 900_000).toISOString(), user });
    }),
  );
  return state;
}

test('a call whose access token has ended is sent again after one refresh', async () => {
  const state = serverWithEndedToken();
  expect(await call('listServices')).toEqual({ services: [] });
  expect(state).toMatchObject({ refreshes: 1, calls: 2 });
});

test('calls at the same time share one refresh, a script and a sign-out among them', async () => {
  const state = serverWithEndedToken();
  const replies = await Promise.all([
    call('listServices'),
    callText('setupReplicaScript'),
    call('listServices'),
    call('logout', { body: {} }),
  ]);
  expect(replies).toEqual([{ services: [] }, '#!/bin/bash', { services: [] }, { ok: true }]);
  expect(state.refreshes).toBe(1);
});

test('when the session itself has ended the call is NOT_SIGNED_IN, and is not tried for ever', async () => {
  const state = serverWithEndedToken();
  state.answer = 'ended';
  await expect(call('listServices')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  expect(state).toMatchObject({ refreshes: 1, calls: 1 });
});

test('a server that accepts the refresh and refuses the call all the same is asked twice and no more', async () => {
  const state = serverWithEndedToken();
  server.use(http.get('/api/services', () => refusal(401, 'NOT_SIGNED_IN', 'Sign in first.')));
  await expect(call('listServices')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  expect(state.refreshes).toBe(1);
});

test('a server that goes away in between has ended nobody’s session', async () => {
  const state = serverWithEndedToken();
  state.answer = 'down';
  await expect(call('listServices')).rejects.toMatchObject({ code: 'NO_ANSWER' });
  state.answer = 'renewed';
  expect(await call('listServices')).toEqual({ services: [] });
});

test('a wrong password is no ended session', async () => {
  const state = serverWithEndedToken();
  server.use(http.post('/api/auth/login', () => refusal(401, 'BAD_CREDENTIALS', 'Wrong.')));
  const body = { username: 'admin', password: 'wrong' };
  await expect(call('login', { body })).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
  expect(state.refreshes).toBe(0);
});

test('who leaves the page during the refresh sends nothing more', async () => {
  const state = serverWithEndedToken();
  const leaving = new AbortController();
  server.use(
    http.post('/api/auth/refresh', () => {
      leaving.abort();
      return undefined;
    }),
  );
  await expect(call('listServices', { signal: leaving.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(state.calls).toBe(1);
});

test('a token is renewed before its end, for what the browser fetches by itself', async () => {
  const state = serverWithEndedToken();
  await call('listServices');
  await keepSignedIn();
  expect(state.refreshes).toBe(1);
  const { now } = Date;
  try {
    Date.now = () => now() + 11 * 60_000;
    await keepSignedIn();
  } finally {
    Date.now = now;
  }
  expect(state.refreshes).toBe(2);
});
