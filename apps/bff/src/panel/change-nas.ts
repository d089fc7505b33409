/** A change of a router, made on the version that its author saw; without a secret the stored one stays. */
import type { User } from '@proxpanel/contracts/auth';
import type { ChangeNasBody, Nas } from '@proxpanel/contracts/nas';
import type { NasDeps } from './create-nas.ts';

/** Faults: ROW_CHANGED, NOT_FOUND, DUPLICATE, NOT_AVAILABLE, READ_ONLY, DATABASE_DOWN. */
export async function changeNas(
  { devices, seal }: NasDeps,
  user: User,
  id: number,
  { secret, ...body }: ChangeNasBody,
): Promise<Nas> {
  const secretSealed = secret === undefined ? undefined : seal.seal(secret);
  return devices.update(id, { ...body, secretSealed }, user.username);
}
