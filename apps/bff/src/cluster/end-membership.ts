/** This server no longer belongs to its cluster: forgotten in node.json, said on its page (DESIGN §7). */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';

/** Keys, logins of the database and promotions of the past stay; secret, peers and replication passwords go. */
export async function endMembership(context: ClusterContext, sentence: string): Promise<void> {
  const at = new Date(context.clock.nowMs()).toISOString();
  await context.redis.stopFollowing().catch((error: unknown) => {
    context.memory.standingFaults.set('redis_follow', `Redis could not be told to stop following: ${messageOf(error)}`);
  });
  await context.nodeFile.update((file) => ({
    ...file,
    membership: null,
    join_script: null,
    ended_membership: { at, sentence },
  }));
  // A gate that a fence shut belongs to the membership that has just ended.
  context.roles.openGate();
  context.memory.standingFaults.delete('fence');
  context.memory.mainWriteLsn = null;
  context.memory.probes.clear();
  context.memory.heartbeats.clear();
}
