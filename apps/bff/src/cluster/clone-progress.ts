/** Which base backup on main belongs to which node: by the address that it comes from (pg_stat_progress_basebackup). */
import type { CloneProgress } from '@proxpanel/contracts/script';
import type { Peer } from '@proxpanel/contracts/peer';
import { otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import type { WalPositions } from './postgres-ports.ts';

/** null when this node's clone does not run, or when two that run cannot be told apart. */
export function cloneOf(
  positions: WalPositions | null,
  peer: Peer | null,
  membership: Membership,
): CloneProgress | null {
  const clones = positions?.clones ?? [];
  if (peer === null || clones.length === 0) return null;
  const address = peer.seen_address ?? peer.address;
  const sharers = otherPeers(membership).filter((other) => (other.seen_address ?? other.address) === address);
  const fromThere = clones.filter((clone) => clone.clientAddress === address);
  const waiting = sharers.filter((other) => other.status === 'joining' || other.status === 'syncing');
  const sole = waiting.length === 1 && waiting[0]?.node_id === peer.node_id;
  const clone = fromThere.length === 1 && (sharers.length === 1 || sole) ? fromThere[0] : undefined;
  if (clone === undefined) return null;
  const { phase, streamed_bytes, total_bytes, percent } = clone;
  return { phase, streamed_bytes, total_bytes, percent };
}
