/** An admin has seen the last automatic failover: the next one need not wait for an hour (SAFETY §4). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership } from './membership.ts';
import { recordEvent } from './record-event.ts';

/** BLOCKED when there was none. Repeating it is no news; the others learn it by their next heartbeat or probe. */
export async function acknowledgeFailover(context: ClusterContext, actor: string): Promise<void> {
  const { last_failover: last } = requireMembership(context.nodeFile.get());
  if (last === null) throw new Fault('BLOCKED', 'There has been no automatic failover.');
  if (last.acknowledged) return;
  await context.nodeFile.update((file) => {
    const known = requireMembership(file);
    if (known.last_failover?.at !== last.at) return file;
    return { ...file, membership: { ...known, last_failover: { ...known.last_failover, acknowledged: true } } };
  });
  await recordEvent(context, {
    type: 'failover_acknowledged',
    actor,
    nodeId: requireMembership(context.nodeFile.get()).node_id,
    message: `${actor} acknowledged the automatic failover of ${last.at}.`,
    details: { at: last.at, term: last.term },
  });
}
