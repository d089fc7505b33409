/** The next term, without an arbiter; with one it comes with the lease (SAFETY §3 "Terms"). */
import type { ClusterContext } from './cluster-context.ts';
import { withGrant } from './handover.ts';
import { requireMembership } from './membership.ts';

/** On disk before anyone hears of it, so that it is never given twice from here. Repeated after its promotion it stays. */
export async function claimTerm(context: ClusterContext): Promise<number> {
  const file = await context.nodeFile.update((current) => {
    const { membership } = current;
    if (membership === null || membership.main_node_id === membership.node_id) return current;
    const claimed = membership.promotions.at(-1);
    if (claimed?.node_id === membership.node_id && claimed.term === membership.term) return current;
    return { ...current, membership: { ...withGrant(context, membership), term: membership.term + 1 } };
  });
  return requireMembership(file).term;
}
