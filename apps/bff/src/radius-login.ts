/** The login by which FreeRADIUS reads the panel's views and writes what routers account. */
import { hkdfSync } from 'node:crypto';
import type { Login } from '@proxpanel/contracts/peer';

export const RADIUS_ROLE = 'proxpanel_radius';

const LABEL = 'proxpanel radius database role 1';

/**
 * The same on every server that has the same PANEL_ENCRYPTION_KEY: a server that becomes main makes the role that all the
 * others' RADIUS configurations already sign in with, and no further secret has to travel between them. Derived, so that
 * who sees the password does not know the key.
 */
export function radiusLogin(encryptionKeyHex: string): Login {
  const key = Buffer.from(encryptionKeyHex, 'hex');
  const password = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), LABEL, 32)).toString('hex');
  return { user: RADIUS_ROLE, password };
}
