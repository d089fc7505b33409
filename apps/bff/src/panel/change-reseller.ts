/** A change of a reseller, made on the version that its author saw. */
import type { User } from '@proxpanel/contracts/auth';
import type { ChangeResellerBody, Reseller } from '@proxpanel/contracts/resellers';
import { hashPassword } from './password.ts';
import type { ResellerStore } from './ports.ts';

/** Faults: ROW_CHANGED, NOT_FOUND, READ_ONLY, DATABASE_DOWN. */
export async function changeReseller(
  { resellers }: { readonly resellers: ResellerStore },
  user: User,
  id: number,
  body: ChangeResellerBody,
): Promise<Reseller> {
  const passwordHash = body.password === undefined ? undefined : await hashPassword(body.password);
  const change = {
    rowVersion: body.row_version,
    displayName: body.display_name,
    isActive: body.is_active,
    passwordHash,
  };
  return resellers.update(id, change, user.username);
}
