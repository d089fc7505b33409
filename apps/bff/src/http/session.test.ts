import { ACCESS_LIFETIME_MS, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createRevocationList } from './revocation-list.ts';
import { createSessions } from './session.ts';
import { fakeNodeFile, startTestApp } from './test-app.ts';

const START = Date.UTC(2026, 10, 1);
const NEW_KEY = 'n'.repeat(64);
const OLD_KEY = 'o'.repeat(64);
const ann = { username: 'ann', role: 'reseller' } as const;

function sessionsWith(keys: { key?: string; old?: { key: string; verify_until: string }[] } = {}) {
  const clock = { ms: START };
  const nodeFile = fakeNodeFile({ session_signing_key: keys.key ?? NEW_KEY, old_session_signing_keys: keys.old ?? [] });
  const revocations = createRevocationList(() => clock.ms);
  const sessions = createSessions({ nodeFile, clock: { nowMs: () => clock.ms }, revocations });
  return { clock, nodeFile, revocations, sessions };
}

test('an access token is good for fifteen minutes and not a second longer', async () => {
  const { sessions, clock } = sessionsWith();
  const { token, user } = await sessions.issue(ann);
  expect(user).toMatchObject({ ...ann, expiresAtMs: START + ACCESS_LIFETIME_MS });
  clock.ms = START + ACCESS_LIFETIME_MS - 1_000;
  expect(await sessions.verify(token)).toEqual(user);
  clock.ms = START + ACCESS_LIFETIME_MS;
  expect([await sessions.verify(token), sessions.known(token)]).toEqual([null, null]);
});

test('a session is renewed for thirty days from its sign-in, and its last token ends with it', async () => {
  const { sessions, clock } = sessionsWith();
  const { refreshToken, user } = await sessions.issue(ann);
  expect(user.sessionEndsAtMs).toBe(START + SESSION_LIFETIME_MS);
  clock.ms = user.sessionEndsAtMs - 60_000;
  const held = await sessions.hold(refreshToken);
  const renewed = await held?.renew('reseller');
  expect(renewed?.user).toEqual({ ...user, expiresAtMs: user.sessionEndsAtMs });
  expect(await sessions.verify(renewed?.token ?? '')).toEqual(renewed?.user);
  clock.ms = user.sessionEndsAtMs;
  expect([await sessions.hold(refreshToken), await sessions.verify(renewed?.token ?? '')]).toEqual([null, null]);
});

test('neither kind of token passes for the other', async () => {
  const { sessions } = sessionsWith();
  const { token, refreshToken } = await sessions.issue(ann);
  expect([await sessions.verify(refreshToken), await sessions.hold(token)]).toEqual([null, null]);
});

test('a revoked session is refused at once with all its tokens, its neighbour is not', async () => {
  const { sessions, revocations } = sessionsWith();
  const first = await sessions.issue(ann);
  const second = await sessions.issue(ann);
  expect(await sessions.verify(first.token)).not.toBeNull();
  const renewed = await (await sessions.hold(first.refreshToken))?.renew('reseller');
  revocations.add(first.user.jti, first.user.sessionEndsAtMs);
  for (const token of [first.token, renewed?.token ?? '']) expect(await sessions.verify(token)).toBeNull();
  expect(await sessions.hold(first.refreshToken)).toBeNull();
  expect(await sessions.verify(second.token)).toEqual(second.user);
});

test('after a join the old key verifies until its end, and new sessions get the new key', async () => {
  const before = sessionsWith({ key: OLD_KEY });
  const { token, user } = await before.sessions.issue(ann);
  expect(await before.sessions.verify(token)).toEqual(user);

  const endsAt = START + 600_000;
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

test('a session of before a join is renewed by its own old key: it never becomes a session of main', async () => {
  const { sessions, nodeFile } = sessionsWith({ key: OLD_KEY });
  const { refreshToken } = await sessions.issue(ann);
  expect((await sessions.hold(refreshToken))?.byFormerKey).toBe(false);
  const verifyUntil = new Date(START + SESSION_LIFETIME_MS).toISOString();
  nodeFile.change({
    session_signing_key: NEW_KEY,
    old_session_signing_keys: [{ key: OLD_KEY, verify_until: verifyUntil }],
  });
  const held = await sessions.hold(refreshToken);
  expect(held?.byFormerKey).toBe(true);
  const { token = '' } = (await held?.renew('reseller')) ?? {};
  expect(await sessions.verify(token)).toMatchObject(ann);
  expect(await sessionsWith({ key: NEW_KEY }).sessions.verify(token)).toBeNull();
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
  const whole = { sub: 'ann', role: 'admin', jti: 'j', iat: at, exp: at + 60, session_exp: at + 60, aud: 'proxpanel' };
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

test('signing out ends the session here, clears both cookies and is stored until its end; a second one is refused', async () => {
  const { ask, signIn, revoked, state } = await startTestApp();
  const token = await signIn('admin');
  expect((await ask('GET', '/api/auth/me', { token })).status).toBe(200);
  const out = await ask('POST', '/api/auth/logout', { token });
  expect([out.status, out.json]).toEqual([200, { ok: true }]);
  const ended = out.headers.getSetCookie();
  expect(ended).toHaveLength(2);
  expect(ended[0]).toMatch(/^proxpanel_session_\d+=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(ended[1]).toMatch(/^proxpanel_refresh_\d+=; Max-Age=0; Path=\/api\/auth; HttpOnly; SameSite=Strict$/);
  expect((await ask('GET', '/api/auth/me', { token })).json.code).toBe('NOT_SIGNED_IN');
  expect((await ask('POST', '/api/auth/logout', { token })).status).toBe(401);
  const [end = 0] = revoked.values();
  expect(Math.abs(end - state.nowMs - SESSION_LIFETIME_MS)).toBeLessThan(60_000);
});
