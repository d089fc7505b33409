/** Nobody else is left to take over: nothing shuts this main by itself any more (SAFETY §1 "Fail-safe restart"). */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { giveLeaseBack } from './hold-lease.ts';

const faultName = 'stand_down';

/**
 * After a disbanding, or the leaving of the last secondary: standby.signal and the guard's deadline go, commits wait for
 * nobody, the lease is given back and the arbiter forgets the cluster. May be repeated; what fails is said on the page,
 * because a guard that was left alone would shut a healthy server at its last deadline.
 */
export async function standDown(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  const leaseId = context.memory.lease?.leaseId ?? membership?.lease?.lease_id ?? null;
  const clusterId = membership?.cluster_id ?? null;
  const steps: (() => Promise<void>)[] = [
    () => context.guard.stop(),
    () => context.replication.keepStandbySignal(false),
    () => context.replication.clearStandbySource(),
    () => context.replication.setSynchronousNodes([]),
  ];
  if (context.arbiter.configured) {
    if (leaseId !== null && clusterId !== null) steps.push(() => context.arbiter.forgetCluster(clusterId, leaseId));
    steps.push(() => giveLeaseBack(context));
  }
  const faults: string[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(messageOf(error));
    }
  }
  context.memory.standbySignal = null;
  context.memory.guardDeadlineMs = null;
  context.memory.guardAlive = null;
  if (faults.length === 0) context.memory.standingFaults.delete(faultName);
  else context.memory.standingFaults.set(faultName, `Not everything of the cluster was ended: ${faults.join(' ')}`);
}
