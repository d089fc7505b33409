/** The first start of a panel makes the user `admin`, so that somebody can sign in (DESIGN §4, ADMIN_PASSWORD). */
import { Fault } from '../fault.ts';
import { createUser } from './create-user.ts';
import type { UserStore } from './ports.ts';

export const FIRST_ADMIN = 'admin';

export interface FirstAdminDeps {
  readonly users: UserStore;
  /** ADMIN_PASSWORD; null: one is made and printed. */
  readonly adminPassword: string | null;
  /** Writes a line for the person who starts the server; never the log, which is kept. */
  readonly print: (line: string) => void;
}

/**
 * Does nothing when any user exists. `not_writable`: this database takes no writes now (a secondary gets its users from
 * main). Faults: DATABASE_DOWN, INVALID_REQUEST for an ADMIN_PASSWORD that is too short.
 */
export async function ensureFirstAdmin(deps: FirstAdminDeps): Promise<'created' | 'exists' | 'not_writable'> {
  if ((await deps.users.count()) > 0) return 'exists';
  try {
    const { madePassword } = await createUser(deps, {
      username: FIRST_ADMIN,
      role: 'admin',
      password: deps.adminPassword,
    });
    if (madePassword !== null) {
      deps.print(`First start: sign in as ${FIRST_ADMIN} with the password ${madePassword} (it is not shown again).`);
    }
    return 'created';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === 'READ_ONLY') return 'not_writable';
    // Another process of this panel was faster.
    if (error.code === 'DUPLICATE') return 'exists';
    throw error;
  }
}
