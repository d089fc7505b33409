import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createRevocationList } from './revocation-list.ts';
import { createSessions, SESSION_LIFETIME_MS } from './session.ts';
import { fakeNodeFile, startTestApp } from './test-app.ts';

const START = Date.UTC(2026, 10, 1);
const NEW_KEY = 'n'.repeat(64);
const OLD_KEY = 'o'.repeat(64);
const ann = { username: 'ann', role: 'reseller' } as const;

function sessionsWith(keys: { key?: string; old?: { key: string; verify_until: string }[] } = {}) {
  const clock = { ms: START };
  const nodeFile = fakeNodeFile({ session_signing_key: keys.key ?? NEW_KEY, old_session_signing_keys: keys.old ?? [] });
  const revocations = createRevocationList(() => clock.ms);
  return { clock, nodeFile, sessions: createSessions({ nodeFile, clock: { nowMs: () => clock.ms }, revocations }) };
}

test('a session is good for twelve hours and not a second longer', async () => {
  const { sessions, clock } = sessionsWith();
  const { token, user } = await sessions.issue(ann);
  expect(user).toMatchObject({ ...ann, expiresAtMs: START + SESSION_LIFETIME_MS });
  clock.ms = START + SESSION_LIFETIME_MS - 1_000;
  expect(await sessions.verify(token)).toEqual(user);
  clock.ms = START + SESSION_LIFETIME_MS;
  expect(await sessions.verify(token)).toBeNull();
});

test('a revoked token is refused at once, its neighbour is not', async () => {
  const { sessions } = sessionsWith();
  const first = await sessions.issue(ann);
  const second = await sessions.issue(ann);
  expect(await sessions.verify(first.token)).not.toBeNull();
  sessions.revoke(first.user);
  expect(await sessions.verify(first.token)).toBeNull();
  expect(await sessions.verify(second.token)).toEqual(second.user);
});

test('after a join the old key verifies until its end, and new sessions get the new key', async () => {
  const before = sessionsWith({ key: OLD_KEY });
  const { token, user } = await before.sessions.issue(ann);
  expect(await before.sessions.verify(token)).toEqual(user);

  const endsAt = START + 3_600_000;
  before.nodeFile.change({
    session_signing_key: NEW_KEY,
    old_session_signing_keys: [{ key: OLD_KEY, verify_until: new Date(endsAt).toISOString() }],
  });
  expect(await before.sessions.verify(token)).toEqual(user);
  const fresh = await before.sessions.issue(ann);
  expect(await sessionsWith({ key: NEW_KEY }).sessions.verify(fresh.token)).not.toBeNull();
  expect(await sessionsWith({ key: OLD_KEY }).sessions.verify(fresh.token)).toBeNull();

  before.clock.ms = endsAt;
  expect(await before.sessions.verify(token)).toBeNull();
  expect(await before.sessions.verify(fresh.token)).not.toBeNull();
});

test('a key that is taken away takes its sessions along, seen before or not', async () => {
  const { sessions, nodeFile } = sessionsWith();
  const { token } = await sessions.issue(ann);
  expect(await sessions.verify(token)).not.toBeNull();
  nodeFile.change({ session_signing_key: OLD_KEY });
  expect(await sessions.verify(token)).toBeNull();
});

test('another algorithm, a missing claim or an unknown role is no session', async () => {
  const { sessions } = sessionsWith();
  const key = new TextEncoder().encode(NEW_KEY);
  const at = START / 1000;
  const sign = (claims: Record<string, unknown>, alg = 'HS256') =>
    new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
  const whole = { sub: 'ann', role: 'admin', jti: 'j', iat: at, exp: at + 60 };
  expect(await sessions.verify(await sign(whole))).not.toBeNull();
  expect(await sessions.verify(await sign(whole, 'HS384'))).toBeNull();
  expect(await sessions.verify(await sign({ ...whole, role: 'root' }))).toBeNull();
  for (const claim of Object.keys(whole)) {
    const { [claim as 'sub']: _left, ...rest } = whole;
    expect([claim, await sessions.verify(await sign(rest))]).toEqual([claim, null]);
  }
});

test('a token that was seen before costs microseconds', async () => {
  const { sessions } = sessionsWith();
  const { token } = await sessions.issue(ann);
  await sessions.verify(token);
  const rounds = 20_000;
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await sessions.verify(token);
  const { user, system } = process.cpuUsage(start);
  // An HMAC through jose costs about 60 µs; processor time does not see what else the machine does.
  expect((user + system) / rounds).toBeLessThan(25);
});

test('signing out ends the session here, clears the cookie and is stored; a second sign-out is refused', async () => {
  const { ask, signIn, revoked } = await startTestApp();
  const token = await signIn('admin');
  expect((await ask('GET', '/api/auth/me', { token })).status).toBe(200);
  const out = await ask('POST', '/api/auth/logout', { token });
  expect([out.status, out.json]).toEqual([200, { ok: true }]);
  expect(out.headers.get('set-cookie')).toMatch(/^proxpanel_session_\d+=; Max-Age=0;/);
  expect((await ask('GET', '/api/auth/me', { token })).json.code).toBe('NOT_SIGNED_IN');
  expect((await ask('POST', '/api/auth/logout', { token })).status).toBe(401);
  expect(revoked.size).toBe(1);
});
