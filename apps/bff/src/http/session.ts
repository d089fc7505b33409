/**
 * Sessions are signed tokens (JWT, HS256): any server that holds the key can check one, with its database away and after
 * a failover (DESIGN §3, §6.6). Old keys verify until their end; revoked tokens are refused from memory.
 */
import { hash, randomUUID } from 'node:crypto';
import { userRoleSchema } from '@proxpanel/contracts/roles';
import type { User } from '@proxpanel/contracts/auth';
import { SignJWT, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { ClockPort, NodeFilePort } from '../cluster/ports.ts';
import type { RevocationList } from './revocation-list.ts';

export const SESSION_LIFETIME_MS = 12 * 3_600_000;
const CACHED_SESSIONS = 10_000;

export interface SessionUser extends User {
  readonly jti: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

export interface IssuedSession {
  readonly token: string;
  readonly user: SessionUser;
}

export interface Sessions {
  issue(user: User): Promise<IssuedSession>;
  /** The user of a token that is good now; null for any other. Microseconds for a token that was seen before. */
  verify(token: string): Promise<SessionUser | null>;
  /** The user of a token that was verified here before and is good now, without waiting; null says nothing about it. */
  known(token: string): SessionUser | null;
  /** Refuses the token from now on, on this server. */
  revoke(user: Pick<SessionUser, 'jti' | 'expiresAtMs'>): void;
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
    issue: (user) => issueToken(user, keysInUse.current, { nowMs: clock.nowMs(), lifetimeMs: SESSION_LIFETIME_MS }),
    known(token) {
      const session = seen.get(digestOf(token));
      if (session === undefined || session.goodUntilMs <= clock.nowMs()) return null;
      return revocations.has(session.user.jti) ? null : session.user;
    },
    async verify(token) {
      const digest = digestOf(token);
      const now = clock.nowMs();
      const known = seen.get(digest) ?? (await checkToken(token, keysInUse, now));
      if (known === null || known.goodUntilMs <= now) {
        seen.delete(digest);
        return null;
      }
      if (revocations.has(known.user.jti)) return null;
      seen.set(digest, known);
      return known.user;
    },
    revoke: (user) => {
      revocations.add(user.jti, user.expiresAtMs);
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

/** A session signed with node.json's key; whoever can read that file may make one (the command line does, for a minute). */
export async function issueToken(
  user: User,
  key: string,
  { nowMs, lifetimeMs }: { readonly nowMs: number; readonly lifetimeMs: number },
): Promise<IssuedSession> {
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = issuedAt + lifetimeMs / 1000;
  const jti = randomUUID();
  const token = await new SignJWT({ role: user.role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user.username)
    .setJti(jti)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(bytesOf(key));
  return { token, user: { username: user.username, role: user.role, jti, expiresAtMs: expiresAt * 1000 } };
}

async function checkToken(token: string, keys: SessionKeys, nowMs: number): Promise<CachedSession | null> {
  const candidates = [
    { key: keys.current, verifyUntilMs: Infinity },
    ...keys.old.filter((old) => old.verifyUntilMs > nowMs),
  ];
  for (const { key, verifyUntilMs } of candidates) {
    const user = await userOfToken(token, key, nowMs);
    if (user !== null) return { user, goodUntilMs: Math.min(user.expiresAtMs, verifyUntilMs) };
  }
  return null;
}

async function userOfToken(token: string, key: string, nowMs: number): Promise<SessionUser | null> {
  try {
    const { payload } = await jwtVerify(token, bytesOf(key), {
      algorithms: ['HS256'],
      requiredClaims: ['sub', 'jti', 'iat', 'exp', 'role'],
      currentDate: new Date(nowMs),
    });
    const role = userRoleSchema.safeParse(payload['role']);
    const { sub, jti, exp } = payload;
    if (!role.success || sub === undefined || jti === undefined || exp === undefined) return null;
    return { username: sub, role: role.data, jti, expiresAtMs: exp * 1000 };
  } catch (error) {
    // A token that does not verify is an ordinary answer (signed out, expired, other key); anything else is a fault.
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function bytesOf(key: string): Uint8Array {
  return new TextEncoder().encode(key);
}
