/**
 * Asserted each tick, because each of them can be undone behind our back (SAFETY §2, §5): pg_hba lines and passwords on
 * every node, the passfile that primary_conninfo names, Redis replication, a fence.
 */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { followMainRedis } from './follow-main-redis.ts';
import { enforceFence } from './meet-term.ts';
import { configuredRole, hbaLinesFor, mainPeer } from './membership.ts';
import type { Membership } from './node-file.ts';

export async function assertCluster(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true || context.lock.running() !== null) return;
  const assert = (name: string, what: string, work: () => Promise<void>) => attempt(context, name, what, work);
  const { state } = context.database.view();
  if (membership.fence !== null) await enforceFence(context);
  if (state === 'writable' || state === 'recovery') {
    if (configuredRole(membership) === 'main' || state === 'recovery') {
      await assert('pg_hba', 'pg_hba.conf could not be kept', () =>
        context.replication.writeHbaBlock(hbaLinesFor(membership)),
      );
    }
  }
  if (configuredRole(membership) === 'main') {
    if (state === 'writable') {
      await assert('replicator', 'The replication login could not be kept', () =>
        context.replication.ensureReplicatorRole(membership.replication),
      );
    }
    await assert('redis_replication', 'The login of Redis replication could not be kept', () =>
      context.redis.ensureReplicationUser(membership.redis_replication),
    );
    return;
  }
  await assert('redis_follow', 'Redis does not follow main', () => followMainRedis(context));
  if (state === 'recovery' && membership.fence === null) {
    await assert('standby_source', 'The way to main could not be kept', () => assertSource(context, membership));
  }
}

/** A node that was cloned follows the main that it knows; a fenced one waits for a repair instead. */
async function assertSource(context: ClusterContext, membership: Membership): Promise<void> {
  const main = mainPeer(membership);
  if (main === null || membership.slot_name === null) return;
  const cloned = context.nodeFile.get().join_script?.finished === true;
  if (!cloned) return;
  await context.replication.setStandbySource({
    host: main.address,
    port: main.postgres_port,
    nodeId: membership.node_id,
    slotName: membership.slot_name,
    login: membership.replication,
  });
}

async function attempt(context: ClusterContext, name: string, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    context.memory.standingFaults.delete(name);
  } catch (error) {
    if (!(error instanceof Fault)) context.log.error({ assertion: name, reason: messageOf(error) }, what);
    context.memory.standingFaults.set(name, `${what}: ${messageOf(error)}`);
  }
}
