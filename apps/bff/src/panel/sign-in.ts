/** Signing in: user name and password against PostgreSQL, and a session that any server can check (DESIGN §5). */
import type { OpenedSession, Sessions } from '../http/session.ts';
import { Fault } from '../fault.ts';
import { passwordMatches } from './password.ts';
import type { StoredUser, UserStore } from './ports.ts';

/** Nobody's: verified where there is no such user, so that both refusals take equally long. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$Xgc7AVmLI8mBQ2I8GdSf4g$iHfX+9UuqSZJclVNsDle3I8TBmWiIYvPleDa4yKtYng';

export interface SignInDeps {
  readonly users: UserStore;
  readonly sessions: Pick<Sessions, 'issue'>;
}

/** Faults: BAD_CREDENTIALS (the same for both mistakes), DATABASE_DOWN, STARTING before the first admin exists. */
export async function signIn(
  deps: SignInDeps,
  credentials: { readonly username: string; readonly password: string },
): Promise<OpenedSession> {
  const user = await findUser(deps.users, credentials.username);
  const matches = await passwordMatches(user?.passwordHash ?? NOBODYS_HASH, credentials.password);
  // Who may not sign in any more is told no more than who never could.
  if (user === null || !matches || !user.isActive)
    throw new Fault('BAD_CREDENTIALS', 'The user name or the password is wrong.');
  return deps.sessions.issue({ username: user.username, role: user.role });
}

/** Between the first start and the first admin no password can be right, and "wrong" would be a lie. */
async function findUser(users: UserStore, username: string): Promise<StoredUser | null> {
  if ((await users.count()) === 0) {
    throw new Fault('STARTING', 'The panel is being prepared for its first start; try again in a few seconds.');
  }
  return users.findByName(username);
}
