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

interface Assertion {
  readonly name: string;
  /** What is not so when it fails. */
  readonly otherwise: string;
  readonly work: () => Promise<void>;
}

const assertionNames = ['pg_hba', 'redis_promote', 'replicator', 'redis_replication', 'redis_follow', 'standby_source'];

export async function assertCluster(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true || context.lock.running() !== null) return;
  if (membership.fence !== null) await enforceFence(context);
  const assertions = assertionsFor(context, membership);
  // What this role does not assert cannot be at fault: a notice must not outlive a change of role.
  const names = new Set(assertions.map((assertion) => assertion.name));
  for (const name of assertionNames) if (!names.has(name)) context.memory.standingFaults.delete(name);
  for (const assertion of assertions) await attempt(context, assertion);
}

function assertionsFor(context: ClusterContext, membership: Membership): Assertion[] {
  const { state } = context.database.view();
  const isMain = configuredRole(membership) === 'main';
  const assertions: Assertion[] = [];
  const add = (name: string, otherwise: string, work: () => Promise<void>): void => {
    assertions.push({ name, otherwise, work });
  };
  if (state === 'recovery' || (isMain && state === 'writable')) {
    add('pg_hba', 'pg_hba.conf could not be kept', () => context.replication.writeHbaBlock(hbaLinesFor(membership)));
  }
  if (isMain && state === 'writable') {
    add('replicator', 'The replication login could not be kept', () =>
      context.replication.ensureReplicatorRole(membership.replication),
    );
  }
  if (isMain) {
    add('redis_promote', 'Redis still follows another server', async () => {
      if (context.redis.view().follows !== null) await context.redis.stopFollowing();
    });
    add('redis_replication', 'The login of Redis replication could not be kept', () =>
      context.redis.ensureReplicationUser(membership.redis_replication),
    );
    return assertions;
  }
  add('redis_follow', 'Redis does not follow main', () => followMainRedis(context));
  if (state === 'recovery' && membership.fence === null) {
    add('standby_source', 'The way to main could not be kept', () => assertSource(context, membership));
  }
  return assertions;
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

async function attempt(context: ClusterContext, { name, otherwise, work }: Assertion): Promise<void> {
  try {
    await work();
    context.memory.standingFaults.delete(name);
  } catch (error) {
    if (!(error instanceof Fault)) context.log.error({ assertion: name, reason: messageOf(error) }, otherwise);
    context.memory.standingFaults.set(name, `${otherwise}: ${messageOf(error)}`);
  }
}
