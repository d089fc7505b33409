/**
 * Two notes that must reach every server, also one whose main is dead: a hold, and the last automatic failover. Each is
 * carried by heartbeats, their replies and probes; the newest of what is known counts (DESIGN §3).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Hold, LastFailover } from '@proxpanel/contracts/change-of-main';
import type { ClusterContext } from './cluster-context.ts';

export interface Notes {
  readonly hold: Hold | null;
  readonly last_failover: LastFailover | null;
}

/** The newer one by `set_at`; an ended hold is one whose `until` has passed, so that its end spreads as it did. */
export function newerHold(left: Hold | null, right: Hold | null): Hold | null {
  if (left === null || right === null) return left ?? right;
  return Date.parse(right.set_at) > Date.parse(left.set_at) ? right : left;
}

/** The one of the higher term, then the later one. An acknowledgement of it, wherever it was given, sticks. */
export function newerFailover(left: LastFailover | null, right: LastFailover | null): LastFailover | null {
  if (left === null || right === null) return left ?? right;
  if (left.term !== right.term) return left.term > right.term ? left : right;
  const [older, newer] = Date.parse(left.at) > Date.parse(right.at) ? [right, left] : [left, right];
  return { ...newer, acknowledged: newer.acknowledged || (older.acknowledged && older.at === newer.at) };
}

/** What another member says; written only when it is news. */
export async function takeNotes(context: Pick<ClusterContext, 'nodeFile'>, said: Notes): Promise<void> {
  const known = context.nodeFile.get().membership;
  if (known === null || !isNews(known, said)) return;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership === null) return file;
    const hold = newerHold(membership.hold, said.hold);
    const lastFailover = newerFailover(membership.last_failover, said.last_failover);
    return { ...file, membership: { ...membership, hold, last_failover: lastFailover } };
  });
}

function isNews(known: Notes, said: Notes): boolean {
  const hold = newerHold(known.hold, said.hold);
  const lastFailover = newerFailover(known.last_failover, said.last_failover);
  return !isDeepStrictEqual([known.hold, known.last_failover], [hold, lastFailover]);
}
