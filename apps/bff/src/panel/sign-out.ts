/** Signing out ends the session on this server at once and everywhere as the revocation spreads (DESIGN §11). */
import type { SessionUser } from '../http/session.ts';
import type { Revocations } from './revocations.ts';

export async function signOut(
  deps: { readonly revocations: Pick<Revocations, 'revoke'> },
  session: SessionUser,
): Promise<void> {
  await deps.revocations.revoke(session);
}
