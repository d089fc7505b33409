/** Signing in and out (DESIGN §5, "People"). */
import type { LoginReply, MeReply } from '@proxpanel/contracts/auth';
import type { Register } from '../http/call.ts';
import { createLoginLimiter } from '../http/login-limiter.ts';
import { RawReply } from '../http/raw-reply.ts';
import { endedSessionCookie, sessionCookie } from '../http/session-cookie.ts';
import { SESSION_LIFETIME_MS } from '../http/session.ts';
import { signIn, type SignInDeps } from '../panel/sign-in.ts';
import { signOut } from '../panel/sign-out.ts';
import type { Revocations } from '../panel/revocations.ts';

export interface AuthRouteDeps extends SignInDeps {
  readonly revocations: Revocations;
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
      const { token, user } = await signIn(deps, body);
      const expires = new Date(user.expiresAtMs).toISOString();
      const reply: LoginReply = { token, expires_at: expires, user: { username: user.username, role: user.role } };
      return RawReply.json(reply, { 'Set-Cookie': sessionCookie(token, SESSION_LIFETIME_MS, { calledUrl, isHttps }) });
    },
    { before: [createLoginLimiter()] },
  );

  register('logout', async ({ user, calledUrl, isHttps }) => {
    await signOut(deps, user);
    return RawReply.json({ ok: true }, { 'Set-Cookie': endedSessionCookie({ calledUrl, isHttps }) });
  });

  register('me', async ({ user }) => ({
    user: { username: user.username, role: user.role },
    accounts_from_main_since: deps.accountsFromMainSince(),
    writes: deps.writes(),
    keeps_secrets: deps.keepsSecrets,
  }));
}
