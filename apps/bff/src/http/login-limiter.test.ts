import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createBoundedStore } from './login-limiter.ts';
import { PASSWORDS, startTestApp, type TestApp } from './test-app.ts';

/** A sign-in from an address of one's own: all of 127.0.0.0/8 is this machine. */
async function signInFrom(
  testApp: TestApp,
  localAddress: string,
  username: string,
  password: string,
): Promise<{ status: number; body: string }> {
  const call = request(`${testApp.url}/api/auth/login`, {
    method: 'POST',
    localAddress,
    headers: { 'content-type': 'application/json' },
  });
  call.end(JSON.stringify({ username, password }));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

async function guess(testApp: TestApp, count: number, nameOf: (index: number) => string): Promise<Map<number, number>> {
  const seen = new Map<number, number>();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const name = nameOf(next);
      next += 1;
      const answer = await testApp.ask('POST', '/api/auth/login', { body: { username: name, password: 'guess' } });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  return seen;
}

test('ten thousand guesses, at one name or at many, hash a hundred at most, and lock nobody out elsewhere', async () => {
  const testApp = await startTestApp();
  const atOne = await guess(testApp, 5_000, () => 'admin');
  expect(atOne).toEqual(
    new Map([
      [401, 10],
      [429, 4_990],
    ]),
  );
  const atMany = await guess(testApp, 5_000, (index) => `name-${String(index)}`);
  // Only what is answered with 401 has cost a hash.
  expect(atMany.get(401)).toBe(90);
  expect(atMany.get(429)).toBe(4_910);
  const refused = await signInFrom(testApp, '127.0.0.1', 'admin', PASSWORDS.admin);
  expect(refused).toMatchObject({ status: 429, body: expect.stringContaining('TOO_MANY_REQUESTS') });
  expect((await signInFrom(testApp, '127.0.0.2', 'admin', PASSWORDS.admin)).status).toBe(200);
}, 240_000);

test('counting guesses from any number of addresses takes a bounded memory', async () => {
  const store = createBoundedStore(1_000, 60_000);
  for (let index = 0; index < 50_000; index += 1) await store.increment(`10.0.0.0 name-${String(index)}`);
  expect(store.size()).toBe(1_000);
  const again = await store.increment('10.0.0.0 name-49999');
  expect(again.totalHits).toBe(2);
  await store.decrement('10.0.0.0 name-49999');
  expect((await store.increment('10.0.0.0 name-49999')).totalHits).toBe(2);
});
