/** A new user of the panel; called from the command line and at the first start. */
import { randomBytes } from 'node:crypto';
import type { UserRole } from '@proxpanel/contracts/roles';
import { z } from 'zod';
import { parseInput } from '../http/validation.ts';
import { hashPassword } from './password.ts';
import type { UserStore } from './ports.ts';

const newUserSchema = z.object({
  username: z
    .string()
    .trim()
    .min(1, 'The user name is empty.')
    .max(64, 'The user name may have at most 64 characters.')
    .regex(/^[A-Za-z0-9._@-]+$/, 'The user name may hold only letters, digits and . _ @ -'),
  password: z
    .string()
    .min(8, 'The password must have at least 8 characters.')
    .max(1_000, 'The password may have at most 1000 characters.')
    .nullable(),
});

export interface NewUser {
  readonly username: string;
  readonly role: UserRole;
  /** null: one is made. */
  readonly password: string | null;
}

export interface CreatedUser {
  readonly username: string;
  /** Only when it was made here; it is known to nobody else and must be shown once. */
  readonly madePassword: string | null;
}

/** Faults: INVALID_REQUEST, DUPLICATE, READ_ONLY, DATABASE_DOWN. */
export async function createUser(deps: { readonly users: UserStore }, user: NewUser): Promise<CreatedUser> {
  const { username, password } = parseInput(newUserSchema, { username: user.username, password: user.password });
  const madePassword = password === null ? randomBytes(18).toString('base64url') : null;
  const passwordHash = await hashPassword(password ?? madePassword ?? '');
  await deps.users.insert({ username, role: user.role, passwordHash });
  return { username, madePassword };
}
