import type { PeerFacts } from './observation.ts';
import type { View } from './transition.ts';

/** SAFETY §4: "starting up" is not down until then. */
export const DOWN_STARTING_MS = 15_000;

/**
 * May main give its role away because its own PostgreSQL is dead (SAFETY §4)? Dead, not slow: nothing listens, or it has
 * been starting for too long; and a PostgreSQL that comes back by other hands must come back read-only.
 */
export function mayHandOver({ database, self, policy, wallMs }: View): boolean {
  const held = self.hold !== null && self.hold.wallUntilMs > wallMs;
  if (!policy.autoFailover || held || self.handover?.state === 'granted') return false;
  const last = self.lastFailover;
  if (last !== null && !last.acknowledged && Math.abs(wallMs - last.wallAtMs) < 3_600_000) return false;
  return database.standbySignal !== false && (database.state === 'starting' || database.refusesConnections);
}

/**
 * The secondary that has received most among those that follow and were heard lately. With `sync` only one that the
 * record names counts, and only when all that it names were heard: any of them may hold the last acknowledged write.
 */
export function handOverTarget({ peers, self, arbiter, policy, database, nowMs }: View): PeerFacts | null {
  const record = policy.durability === 'sync' ? (arbiter?.durability ?? null) : null;
  const heard = peers.filter(
    (peer) =>
      peer.following &&
      !peer.apiSilent &&
      peer.heardMs !== null &&
      nowMs - peer.heardMs < 2 * policy.leaseTtlMs &&
      peer.version === self.version &&
      peer.receivedLsn !== null,
  );
  if (policy.durability === 'sync' && arbiter !== null) {
    if (record?.state !== 'sync') return null;
    if (!record.nodeIds.every((nodeId) => heard.some((peer) => peer.nodeId === nodeId))) return null;
    // With several names the one that has most is chosen by what each of them said after the last write.
    const several = record.nodeIds.length > 1;
    if (several && heard.some((peer) => record.nodeIds.includes(peer.nodeId) && askedMs(peer) < database.sinceMs)) {
      return null;
    }
  }
  const candidates = record === null ? heard : heard.filter(({ nodeId }) => record.nodeIds.includes(nodeId));
  const [first, ...rest] = candidates;
  if (first === undefined) return null;
  return rest.reduce((best, peer) => (isBetter(peer, best) ? peer : best), first);
}

function askedMs({ receivedAskedMs, heardMs }: PeerFacts): number {
  return (receivedAskedMs === undefined ? heardMs : receivedAskedMs) ?? -Infinity;
}

function isBetter(one: PeerFacts, other: PeerFacts): boolean {
  const [left, right] = [one.receivedLsn ?? 0n, other.receivedLsn ?? 0n];
  return left > right || (left === right && one.nodeId < other.nodeId);
}
