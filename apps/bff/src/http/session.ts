/**
 * Sessions are signed tokens (JWT, HS256): any server that holds the key can check one, with its database away and after
 * a failover (DESIGN §3, §6.6). A session has one id, which both of its tokens carry: the access token of 15 minutes, and
 * the refresh token that fetches the next one until the session ends. Old keys verify until their end; revoked sessions
 * are refused from memory.
 */
import { hash, randomUUID } from 'node:crypto';
import { userRoleSchema, type UserRole } from '@proxpanel/contracts/roles';
import type { User } from '@proxpanel/contracts/auth';
import { ACCESS_LIFETIME_MS, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { SignJWT, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { ClockPort, NodeFilePort } from '../cluster/ports.ts';
import type { RevocationList } from './revocation-list.ts';

const CACHED_SESSIONS = 10_000;
/** What a token is for, so that neither kind passes for the other. */
const AUDIENCES = { access: 'proxpanel', refresh: 'proxpanel/refresh' } as const;
type Kind = keyof typeof AUDIENCES;

export interface SessionUser extends User {
  /** The session's id: what is revoked is the session, with all its tokens. */
  readonly jti: string;
  /** When the access token ends. Milliseconds since 1970, as below. */
  readonly expiresAtMs: number;
  readonly sessionEndsAtMs: number;
}

export interface IssuedSession {
  /** The access token. */
  readonly token: string;
  readonly user: SessionUser;
}

export interface OpenedSession extends IssuedSession {
  readonly refreshToken: string;
}

/** A session whose refresh token is good now. */
export interface HeldSession extends User {
  readonly jti: string;
  readonly sessionEndsAtMs: number;
  /** Signed before this server joined a cluster: the accounts that it was checked against may be gone. */
  readonly byFormerKey: boolean;
  /**
   * The next access token. Signed by the key that the session was signed with, so that a session from before a join
   * never becomes one of main's.
   */
  renew(role: UserRole): Promise<IssuedSession>;
}

export interface Sessions {
  /** A new session, at a sign-in. */
  issue(user: User): Promise<OpenedSession>;
  /** The user of an access token that is good now; null for any other. Microseconds for one that was seen before. */
  verify(token: string): Promise<SessionUser | null>;
  /** The user of a token that was verified here before and is good now, without waiting; null says nothing about it. */
  known(token: string): SessionUser | null;
  /** The session of a refresh token that is good now; null for any other. */
  hold(refreshToken: string): Promise<HeldSession | null>;
}

export interface SessionDeps {
  readonly nodeFile: Pick<NodeFilePort, 'get' | 'onChange'>;
  readonly clock: Pick<ClockPort, 'nowMs'>;
  readonly revocations: RevocationList;
}

interface CachedSession {
  readonly user: SessionUser;
  /** The earlier of the token's end and its key's end. */
  readonly goodUntilMs: number;
}

export function createSessions(deps: SessionDeps): Sessions {
  const { nodeFile, clock, revocations } = deps;
  const seen = new LRUCache<string, CachedSession>({ max: CACHED_SESSIONS });
  let keysInUse = keysOf(nodeFile.get());
  nodeFile.onChange((file) => {
    const next = keysOf(file);
    if (JSON.stringify(next) === JSON.stringify(keysInUse)) return;
    keysInUse = next;
    seen.clear();
  });

  return {
    issue: (user) => openSession(user, keysInUse.current, clock.nowMs()),
    known(token) {
      const session = seen.get(digestOf(token));
      if (session === undefined || session.goodUntilMs <= clock.nowMs()) return null;
      return revocations.has(session.user.jti) ? null : session.user;
    },
    async verify(token) {
      const digest = digestOf(token);
      const now = clock.nowMs();
      const known = seen.get(digest) ?? (await checkAccessToken(token, keysInUse, now));
      if (known === null || known.goodUntilMs <= now) {
        seen.delete(digest);
        return null;
      }
      if (revocations.has(known.user.jti)) return null;
      seen.set(digest, known);
      return known.user;
    },
    async hold(refreshToken) {
      const checked = await checkToken(refreshToken, 'refresh', keysInUse, clock.nowMs());
      if (checked === null || revocations.has(checked.user.jti)) return null;
      const { key, user, sessionEndsAtMs } = checked;
      return {
        ...user,
        sessionEndsAtMs,
        byFormerKey: key !== keysInUse.current,
        renew: (role) => issueAccessToken({ ...user, role, sessionEndsAtMs }, key, clock.nowMs()),
      };
    },
  };
}

/** What a token is known by here, so that a dump of the memory holds no second copy of it. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

interface SessionKeys {
  readonly current: string;
  readonly old: readonly { readonly key: string; readonly verifyUntilMs: number }[];
}

function keysOf(file: ReturnType<NodeFilePort['get']>): SessionKeys {
  return {
    current: file.session_signing_key,
    old: file.old_session_signing_keys.map((old) => ({ key: old.key, verifyUntilMs: Date.parse(old.verify_until) })),
  };
}

async function openSession({ username, role }: User, key: string, nowMs: number): Promise<OpenedSession> {
  const sessionEndsAtMs = wholeSeconds(nowMs) + SESSION_LIFETIME_MS;
  const session = { username, role, jti: randomUUID(), sessionEndsAtMs };
  const refreshToken = await sign('refresh', { ...session, expiresAtMs: sessionEndsAtMs }, key, nowMs);
  return { ...(await issueAccessToken(session, key, nowMs)), refreshToken };
}

type Session = Omit<SessionUser, 'expiresAtMs'>;

/** The last token of a session ends with it. */
async function issueAccessToken(session: Session, key: string, nowMs: number): Promise<IssuedSession> {
  const expiresAtMs = Math.min(wholeSeconds(nowMs) + ACCESS_LIFETIME_MS, session.sessionEndsAtMs);
  const { username, role, jti, sessionEndsAtMs } = session;
  const user = { username, role, jti, expiresAtMs, sessionEndsAtMs };
  return { token: await sign('access', user, key, nowMs), user };
}

/**
 * A session of one access token, which nothing renews. Signed with node.json's key: whoever can read that file may make
 * one (the command line does, for a minute).
 */
export async function issueToken(
  { username, role }: User,
  key: string,
  { nowMs, lifetimeMs }: { readonly nowMs: number; readonly lifetimeMs: number },
): Promise<IssuedSession> {
  const endsAtMs = wholeSeconds(nowMs) + lifetimeMs;
  const user = { username, role, jti: randomUUID(), expiresAtMs: endsAtMs, sessionEndsAtMs: endsAtMs };
  return { token: await sign('access', user, key, nowMs), user };
}

function sign(kind: Kind, user: SessionUser, key: string, nowMs: number): Promise<string> {
  return new SignJWT({ role: user.role, session_exp: user.sessionEndsAtMs / 1000 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience(AUDIENCES[kind])
    .setSubject(user.username)
    .setJti(user.jti)
    .setIssuedAt(wholeSeconds(nowMs) / 1000)
    .setExpirationTime(user.expiresAtMs / 1000)
    .sign(bytesOf(key));
}

async function checkAccessToken(token: string, keys: SessionKeys, nowMs: number): Promise<CachedSession | null> {
  const checked = await checkToken(token, 'access', keys, nowMs);
  if (checked === null) return null;
  const { user, expiresAtMs, sessionEndsAtMs, verifyUntilMs } = checked;
  return { user: { ...user, expiresAtMs, sessionEndsAtMs }, goodUntilMs: Math.min(expiresAtMs, verifyUntilMs) };
}

interface CheckedToken {
  readonly user: Pick<SessionUser, 'username' | 'role' | 'jti'>;
  readonly expiresAtMs: number;
  readonly sessionEndsAtMs: number;
  readonly key: string;
  readonly verifyUntilMs: number;
}

async function checkToken(token: string, kind: Kind, keys: SessionKeys, nowMs: number): Promise<CheckedToken | null> {
  const candidates = [
    { key: keys.current, verifyUntilMs: Infinity },
    ...keys.old.filter((old) => old.verifyUntilMs > nowMs),
  ];
  for (const candidate of candidates) {
    const claims = await claimsOfToken(token, kind, candidate.key, nowMs);
    if (claims !== null) return { ...claims, ...candidate };
  }
  return null;
}

type Claims = Omit<CheckedToken, 'key' | 'verifyUntilMs'>;

async function claimsOfToken(token: string, kind: Kind, key: string, nowMs: number): Promise<Claims | null> {
  try {
    const { payload } = await jwtVerify(token, bytesOf(key), {
      algorithms: ['HS256'],
      audience: AUDIENCES[kind],
      requiredClaims: ['sub', 'jti', 'iat', 'exp', 'role', 'session_exp'],
      currentDate: new Date(nowMs),
    });
    const role = userRoleSchema.safeParse(payload['role']);
    const { sub, jti, exp } = payload;
    const sessionEnd = payload['session_exp'];
    if (!role.success || sub === undefined || jti === undefined || exp === undefined) return null;
    if (typeof sessionEnd !== 'number') return null;
    const user = { username: sub, role: role.data, jti };
    return { user, expiresAtMs: exp * 1000, sessionEndsAtMs: sessionEnd * 1000 };
  } catch (error) {
    // A token that does not verify is an ordinary answer (signed out, expired, other key); anything else is a fault.
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

/** Tokens count in seconds. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function bytesOf(key: string): Uint8Array {
  return new TextEncoder().encode(key);
}
