/** "Without the arbiter": an admin's word in place of a lease (SAFETY §3 "Arbiter away"). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership } from './membership.ts';

/**
 * On disk before the database is promoted, for the present term. It ends with the next lease, which main takes as soon as
 * the arbiter is back.
 *
 * @throws Fault BLOCKED when the arbiter answers: then its lease decides, and not an admin.
 */
export async function overrideArbiter(context: ClusterContext): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  if (await answers(context, membership.cluster_id)) {
    throw new Fault(
      'BLOCKED',
      'The arbiter answers, so nothing has to be done without it; ask again without that option.',
    );
  }
  // One that was left from an earlier lease would end the new writer at a deadline that nobody moves any more.
  await context.guard.stop();
  await context.nodeFile.update((file) =>
    file.membership === null
      ? file
      : { ...file, membership: { ...file.membership, arbiter_override: { term: file.membership.term } } },
  );
}

async function answers(context: ClusterContext, clusterId: string): Promise<boolean> {
  try {
    await context.arbiter.read(clusterId);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === 'ARBITER_AWAY') return false;
    throw error;
  }
}
