/** Redis follows main's; asserted each tick, because docker has no file to rewrite (SAFETY §2). */
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer, requireMembership } from './membership.ts';

export async function followMainRedis(context: ClusterContext): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const main = mainPeer(membership);
  if (main === null || main.node_id === membership.node_id) return;
  // A secondary that becomes main must be able to serve the others by the same login.
  await context.redis.follow({ host: main.address, port: main.redis_port, login: membership.redis_replication });
}
