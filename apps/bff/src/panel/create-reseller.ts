/** A new reseller, who can sign in at once. */
import type { User } from '@proxpanel/contracts/auth';
import type { CreateResellerBody, Reseller } from '@proxpanel/contracts/resellers';
import { hashPassword } from './password.ts';
import type { ResellerStore } from './ports.ts';

/** Faults: DUPLICATE (an admin's name is taken too), READ_ONLY, DATABASE_DOWN. */
export async function createReseller(
  { resellers }: { readonly resellers: ResellerStore },
  user: User,
  body: CreateResellerBody,
): Promise<Reseller> {
  const { username, display_name: displayName } = body;
  return resellers.insert({ username, displayName, passwordHash: await hashPassword(body.password) }, user.username);
}
