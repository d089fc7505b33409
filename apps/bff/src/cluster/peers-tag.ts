/** So that a list of members that has not changed does not travel with every heartbeat: a tag stands for it. */
import { createHash } from 'node:crypto';
import type { Peer } from '@proxpanel/contracts/peer';
import type { ClusterMemory } from './cluster-memory.ts';

/** node.json gives the same list until it is changed: its tag is worked out once. */
const tags = new WeakMap<readonly Peer[], string>();

/** Main: the tag of its list. */
export function tagOfPeers(peers: readonly Peer[]): string {
  const known = tags.get(peers);
  if (known !== undefined) return known;
  const tag = createHash('sha256').update(JSON.stringify(peers)).digest('base64url');
  tags.set(peers, tag);
  return tag;
}

/** Secondary: the tag of the list that main gave it, as long as nobody has changed it here; else null. */
export function tagStillHeld({ heardPeers }: Pick<ClusterMemory, 'heardPeers'>, peers: readonly Peer[]): string | null {
  return heardPeers !== null && heardPeers.text === JSON.stringify(peers) ? heardPeers.tag : null;
}
