import { expect, test } from 'vitest';
import { PASSWORDS, startTestApp, type TestApp } from '../http/test-app.ts';
import { Fault } from '../fault.ts';
import { hashPassword, passwordMatches } from './password.ts';
import { signIn } from './sign-in.ts';
import type { StoredUser } from './ports.ts';

const WRONG = { error: 'The user name or the password is wrong.', code: 'BAD_CREDENTIALS' };

function attempt(testApp: TestApp, username: string, password: string) {
  return testApp.ask('POST', '/api/auth/login', { body: { username, password } });
}

test('the right password gives a token, a user and a cookie', async () => {
  const testApp = await startTestApp();
  const { json, status } = await attempt(testApp, 'reseller', PASSWORDS.reseller);
  expect([status, json.user]).toEqual([200, { username: 'reseller', role: 'reseller' }]);
  const me = await testApp.ask('GET', '/api/auth/me', { token: json.token });
  expect(me.json.user).toEqual({ username: 'reseller', role: 'reseller' });
});

test('a wrong user and a wrong password get the same words', async () => {
  const testApp = await startTestApp();
  for (const [username, password] of [
    ['admin', 'wrong'],
    ['nobody', PASSWORDS.admin],
    ['Admin', PASSWORDS.admin],
  ] as const) {
    const { status, json } = await attempt(testApp, username, password);
    expect([status, json]).toEqual([401, WRONG]);
  }
});

test('a wrong user costs as much work as a wrong password', async () => {
  const user: StoredUser = {
    username: 'ann',
    role: 'admin',
    passwordHash: await hashPassword('right password'),
    isActive: true,
  };
  const users = {
    findByName: async (name: string) => (name === 'ann' ? user : null),
    insert: async () => undefined,
    count: async () => 1,
  };
  const sessions = {
    issue: async () => {
      throw new Error('nobody may get a session here');
    },
  };
  // Processor time, since a busy machine stretches the clock.
  const costOf = async (username: string): Promise<number> => {
    const start = process.cpuUsage();
    for (let round = 0; round < 8; round += 1) {
      const refused = await signIn({ users, sessions }, { username, password: 'guess' }).catch(
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: 'BAD_CREDENTIALS' });
    }
    const { user: own, system } = process.cpuUsage(start);
    return own + system;
  };
  await costOf('ann');
  const known = await costOf('ann');
  const unknown = await costOf('nobody');
  expect(unknown / known).toBeGreaterThan(0.5);
  expect(unknown / known).toBeLessThan(2);
});

test('ten wrong passwords a minute, then 429 with Retry-After; other users sign in', async () => {
  const testApp = await startTestApp();
  for (let round = 0; round < 10; round += 1) {
    expect((await attempt(testApp, 'admin', 'wrong')).status).toBe(401);
  }
  const slowed = await attempt(testApp, 'admin', PASSWORDS.admin);
  expect([slowed.status, slowed.json.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
  const wait = Number(slowed.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect((await attempt(testApp, 'reseller', PASSWORDS.reseller)).status).toBe(200);
});

test('right passwords and a database that is away are never counted', async () => {
  const testApp = await startTestApp();
  for (let round = 0; round < 12; round += 1) {
    expect((await attempt(testApp, 'admin', PASSWORDS.admin)).status).toBe(200);
  }
  testApp.state.databaseFault = new Fault('DATABASE_DOWN', 'The database of this server does not answer now.');
  for (let round = 0; round < 12; round += 1) {
    const { status, json } = await attempt(testApp, 'admin', PASSWORDS.admin);
    expect([status, json.code]).toEqual([503, 'DATABASE_DOWN']);
  }
  testApp.state.databaseFault = null;
  expect((await attempt(testApp, 'admin', PASSWORDS.admin)).status).toBe(200);
});

test('while the database is away a session goes on and data says why it cannot be shown', async () => {
  const testApp = await startTestApp();
  const token = await testApp.signIn('admin');
  testApp.state.databaseFault = new Fault('DATABASE_DOWN', 'The database of this server does not answer now.');
  expect((await testApp.ask('GET', '/api/auth/me', { token })).status).toBe(200);
  const list = await testApp.ask('GET', '/api/subscribers', { token });
  expect([list.status, list.json]).toEqual([
    503,
    { error: 'The database of this server does not answer now.', code: 'DATABASE_DOWN' },
  ]);
  expect((await testApp.ask('GET', '/health')).status).toBe(200);
});

test('a password of 1 MB and one of 2000 characters are refused before any hashing', async () => {
  const testApp = await startTestApp();
  expect((await attempt(testApp, 'admin', 'x'.repeat(1_000_000))).status).toBe(413);
  expect((await attempt(testApp, 'admin', 'x'.repeat(2_000))).status).toBe(400);
});

test('hashes are argon2id', async () => {
  const passwordHash = await hashPassword('a password');
  expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect([await passwordMatches(passwordHash, 'a password'), await passwordMatches(passwordHash, 'another')]).toEqual([
    true,
    false,
  ]);
});
