import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import { createReadOnlyGuard } from './read-only-guard.ts';
import { registerRemaining, startTestApp } from './test-app.ts';

const READ_ONLY = { error: 'secondary server is read-only', code: 'READ_ONLY' };

test('while writes are shut, exactly the writes outside of sign-in and cluster are 503', async () => {
  const testApp = await startTestApp();
  registerRemaining(testApp.app);
  const token = await testApp.signIn('admin');
  testApp.state.writes = { allowed: false, mainApiUrl: 'http://10.0.0.1' };
  for (const name of Object.keys(endpoints) as EndpointName[]) {
    const { method, path } = endpoints[name];
    const answer = await testApp.ask(method, path.replaceAll(/:\w+/g, '7'), {
      token,
      ...('body' in endpoints[name] ? { body: {} } : {}),
    });
    const isShut = method !== 'GET' && path.startsWith('/api/') && !/^\/api\/(auth|cluster)\//.test(path);
    expect([name, answer.json?.code === 'READ_ONLY']).toEqual([name, isShut]);
  }
});

test('every method that writes is refused below /api, known route or not, signed in or not', async () => {
  const { ask, state, signIn } = await startTestApp();
  const token = await signIn('reseller');
  state.writes = { allowed: false, mainApiUrl: 'http://10.0.0.1' };
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const path of [
      '/api/subscribers',
      '/api/invoices/7',
      '/api/cluster',
      '/api/auth/password',
      '/api/clusters/x',
    ]) {
      for (const options of [{}, { token }]) {
        const answer = await ask(method, path, options);
        expect([method, path, answer.status, answer.json]).toEqual([method, path, 503, READ_ONLY]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(answer.headers.get('x-main-server')).toBe('http://10.0.0.1');
      }
    }
  }
});

test('reading, signing in and signing out go on while writes are shut', async () => {
  const { ask, state, signIn } = await startTestApp();
  state.writes = { allowed: false, mainApiUrl: null };
  const token = await signIn('admin');
  expect((await ask('GET', '/api/subscribers', { token })).status).toBe(200);
  expect((await ask('HEAD', '/api/subscribers', { token })).status).toBe(200);
  expect((await ask('OPTIONS', '/api/subscribers', { token })).status).toBe(200);
  const refused = await ask('POST', '/api/subscribers', { token, body: { username: 'ann' } });
  expect(refused.headers.has('x-main-server')).toBe(false);
  expect((await ask('POST', '/api/auth/logout', { token })).status).toBe(200);
  state.writes = { allowed: true, mainApiUrl: null };
  const next = await signIn('admin');
  expect((await ask('POST', '/api/subscribers', { token: next, body: { username: 'ann' } })).status).toBe(201);
});

test('a role change between check and write is the same reply, from PostgreSQL and from Redis', async () => {
  const { app, ask, state, signIn } = await startTestApp();
  const token = await signIn('admin');
  state.writes = { allowed: true, mainApiUrl: 'http://10.0.0.1' };
  const inRecovery = Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' });
  const replica = Object.assign(new Error("READONLY You can't write against a read only replica."), {
    name: 'ReplyError',
  });
  const thrown = [inRecovery, replica, new Error('query failed', { cause: inRecovery })];
  app.register('clusterStatus', async () => {
    throw thrown.shift() ?? new Error('none left');
  });
  for (let left = thrown.length; left > 0; left -= 1) {
    const answer = await ask('GET', '/api/cluster/status', { token });
    expect([answer.status, answer.json]).toEqual([503, READ_ONLY]);
    expect(answer.headers.get('x-main-server')).toBe('http://10.0.0.1');
    expect(answer.headers.has('retry-after')).toBe(true);
  }
});

test('the guard costs far less than 0.1 ms', () => {
  const guard = createReadOnlyGuard(() => ({ allowed: true, mainApiUrl: null }));
  const request = { method: 'POST', path: '/api/subscribers' } as Request;
  let passed = 0;
  const rounds = 100_000;
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) void guard(request, {} as Response, () => (passed += 1));
  const { user, system } = process.cpuUsage(start);
  expect(passed).toBe(rounds);
  expect((user + system) / 1000 / rounds).toBeLessThan(0.1);
});
