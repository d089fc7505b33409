import type { Observation, Policy } from './observation.ts';

/** How often a lease is renewed, and promises are asked for without an arbiter (SAFETY §3: every fifth of the TTL). */
export function renewalIntervalMs({ leaseTtlMs }: Pick<Policy, 'leaseTtlMs'>): number {
  return Math.floor(leaseTtlMs / 5);
}

/** SAFETY §3: at least 1 s between main's own deadline and the end of its lease; fencing takes place in it. */
export function leaseMarginMs(leaseTtlMs: number): number {
  return Math.max(1_000, Math.floor(leaseTtlMs / 10));
}

/**
 * Until when this main may take writes: by its lease, or by the promises of *every* listed secondary (SAFETY §3). Both
 * count from before the question was sent, so that an answer that was long under way gives nothing away.
 *
 * @returns null when neither holds anything.
 */
export function writeDeadlineMs({ self, peers }: Observation, policy: Policy): number | null {
  const byLease =
    self.lease === null || self.lease.lost ? null : self.lease.renewedMs + self.lease.ttlMs - policy.leaseMarginMs;
  const byPromises = promisedUntilMs(peers, policy);
  if (byLease === null || byPromises === null) return byLease ?? byPromises;
  return Math.max(byLease, byPromises);
}

function promisedUntilMs(peers: Observation['peers'], policy: Policy): number | null {
  if (peers.length === 0) return null;
  let until = Infinity;
  for (const { promiseAskedMs, promisedForMs } of peers) {
    if (promiseAskedMs === null) return null;
    until = Math.min(until, promiseAskedMs + promisedForMs - policy.leaseMarginMs);
  }
  return until;
}
