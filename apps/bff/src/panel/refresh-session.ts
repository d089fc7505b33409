/** The next access token of a session (DESIGN §5). Writes nothing, so that it works on a secondary and during a failover. */
import type { UserRole } from '@proxpanel/contracts/roles';
import { Fault } from '../fault.ts';
import type { HeldSession, IssuedSession, Sessions } from '../http/session.ts';
import type { UserStore } from './ports.ts';
import { within } from './within.ts';

/** The page waits for this; a database that hangs counts as one that is away. */
const LOOK_LIMIT_MS = 2_000;

export interface RefreshDeps {
  readonly users: Pick<UserStore, 'findByName'>;
  readonly sessions: Pick<Sessions, 'hold'>;
  /** After a join: from when main's accounts count here. */
  readonly accountsFromMainSince: () => string | null;
}

/**
 * NOT_SIGNED_IN for a token that is none or has ended, a session that was signed out, and a user who is gone or may not
 * sign in any more. While the database is away the role of the token stands: the page stays signed in while a clone
 * runs (DESIGN §6.6).
 */
export async function refreshSession(deps: RefreshDeps, refreshToken: string | null): Promise<IssuedSession> {
  const session = refreshToken === null ? null : await deps.sessions.hold(refreshToken);
  if (session === null) throw new Fault('NOT_SIGNED_IN', 'Sign in first.');
  return session.renew(await roleNow(deps, session));
}

async function roleNow(deps: RefreshDeps, session: HeldSession): Promise<UserRole> {
  let user;
  try {
    user = await within(LOOK_LIMIT_MS, deps.users.findByName(session.username));
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'DATABASE_DOWN') throw error;
    refuseStranger(deps, session, session.role);
    return session.role;
  }
  if (user === null || !user.isActive) {
    throw new Fault('NOT_SIGNED_IN', `The account "${session.username}" may not use the panel any more.`);
  }
  refuseStranger(deps, session, user.role);
  return user.role;
}

/**
 * A reseller who signed in before the join is not the reseller whom main knows by the same name: he would see another
 * one's subscribers. Admins see everybody's, so that for them a page stays signed in.
 */
function refuseStranger(deps: RefreshDeps, session: HeldSession, role: UserRole): void {
  if (!session.byFormerKey || deps.accountsFromMainSince() === null) return;
  if (session.role === 'admin' && role === 'admin') return;
  throw new Fault('NOT_SIGNED_IN', "The accounts of this server are main's now; sign in again.");
}
