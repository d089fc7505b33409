/** A secondary tells main which sessions were signed out on it (DESIGN §11). */
import type { Revocation } from '@proxpanel/contracts/sessions';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, mainPeer, targetOf } from './membership.ts';

/** Who signs out waits for this. */
const sendTimeoutMs = 2_000;

/**
 * At most REVOCATIONS_PER_CALL of them. Nothing where this server is main or alone. Faults: those of PeerPort.call, and
 * READ_ONLY and DATABASE_DOWN, with which main says that it could not store them.
 */
export async function sendRevocations(
  context: Pick<ClusterContext, 'nodeFile' | 'peers'>,
  revocations: readonly Revocation[],
): Promise<void> {
  const { membership } = context.nodeFile.get();
  const main = membership === null ? null : mainPeer(membership);
  if (membership === null || main === null || configuredRole(membership) !== 'secondary') return;
  const body = { revocations: [...revocations] };
  await context.peers.call('takeRevocations', targetOf(membership, main), body, { timeoutMs: sendTimeoutMs });
}
