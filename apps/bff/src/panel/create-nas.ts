/** A new router; its RADIUS secret is sealed before it is stored. */
import type { User } from '@proxpanel/contracts/auth';
import type { CreateNasBody, Nas } from '@proxpanel/contracts/nas';
import type { NasStore } from './ports.ts';
import type { ColumnSeal } from './seal-column.ts';

export interface NasDeps {
  readonly devices: NasStore;
  readonly seal: ColumnSeal;
}

/** Faults: DUPLICATE, NOT_AVAILABLE without a key to seal the secret with, READ_ONLY, DATABASE_DOWN. */
export async function createNas(
  { devices, seal }: NasDeps,
  user: User,
  { secret, ...body }: CreateNasBody,
): Promise<Nas> {
  return devices.insert({ ...body, secretSealed: seal.seal(secret) }, user.username);
}
