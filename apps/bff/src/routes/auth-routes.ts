/** Signing in, staying signed in and signing out (DESIGN §5, "People"), and what secondaries tell main of the last. */
import type { LoginReply, MeReply } from '@proxpanel/contracts/auth';
import { ACCESS_LIFETIME_MS, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import type { Register } from '../http/call.ts';
import { createLoginLimiters } from '../http/login-limiter.ts';
import { RawReply } from '../http/raw-reply.ts';
import { endedCookies, refreshCookie, sessionCookie } from '../http/session-cookie.ts';
import type { IssuedSession } from '../http/session.ts';
import { refreshSession, type RefreshDeps } from '../panel/refresh-session.ts';
import { signIn, type SignInDeps } from '../panel/sign-in.ts';
import { signOut } from '../panel/sign-out.ts';
import type { Revocations } from '../panel/revocations.ts';

export interface AuthRouteDeps {
  readonly users: SignInDeps['users'];
  readonly sessions: SignInDeps['sessions'] & RefreshDeps['sessions'];
  readonly revocations: Pick<Revocations, 'revoke' | 'take'>;
  /** After a join: from when main's accounts count here (node.json, accounts_from_main_since). */
  readonly accountsFromMainSince: () => string | null;
  /** Whether this server takes writes, why not, and where main's page is. */
  readonly writes: () => MeReply['writes'];
  /** PANEL_ENCRYPTION_KEY is set. */
  readonly keepsSecrets: boolean;
}

export function registerAuthRoutes(register: Register, deps: AuthRouteDeps): void {
  register(
    'login',
    async ({ body, calledUrl, isHttps }) => {
      const session = await signIn(deps, body);
      const place = { calledUrl, isHttps };
      const cookies = [
        sessionCookie(session.token, ACCESS_LIFETIME_MS, place),
        refreshCookie(session.refreshToken, SESSION_LIFETIME_MS, place),
      ];
      return RawReply.json(replyWith(session), { 'Set-Cookie': cookies });
    },
    { before: createLoginLimiters() },
  );

  register('refresh', async ({ refreshToken, calledUrl, isHttps }) => {
    const session = await refreshSession(deps, refreshToken);
    const cookie = sessionCookie(session.token, ACCESS_LIFETIME_MS, { calledUrl, isHttps });
    return RawReply.json(replyWith(session), { 'Set-Cookie': cookie });
  });

  register('logout', async ({ user, calledUrl, isHttps }) => {
    await signOut(deps, user);
    return RawReply.json({ ok: true }, { 'Set-Cookie': endedCookies({ calledUrl, isHttps }) });
  });

  register('me', async ({ user }) => ({
    user: { username: user.username, role: user.role },
    accounts_from_main_since: deps.accountsFromMainSince(),
    writes: deps.writes(),
    keeps_secrets: deps.keepsSecrets,
  }));

  register('takeRevocations', async ({ body }) => {
    const ended = body.revocations.map(({ jti, expires_at: end }) => ({ jti, endsAtMs: Date.parse(end) }));
    await deps.revocations.take(ended);
    return { ok: true as const };
  });
}

function replyWith({ token, user }: IssuedSession): LoginReply {
  const { username, role, expiresAtMs } = user;
  return { token, expires_at: new Date(expiresAtMs).toISOString(), user: { username, role } };
}
