/** A planned restart of the panel under a hold (an update): main keeps its role for the time that this takes (SAFETY §3). */
import { leaseMarginMs } from '@proxpanel/failover/lease';
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { keepGuard } from './hold-lease.ts';

/** SAFETY §3: "SIGTERM under a hold (about 30 s) first extends lease and deadline to 120 s; a crash does not." */
export const plannedRestartMs = 120_000;

/**
 * Called when the process has been told to end. Does nothing without a hold or a lease; what fails is logged, because the
 * end is not held up by it: the lease then runs out and the guard shuts the database.
 */
export async function extendLeaseForRestart(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.hold == null || Date.parse(membership.hold.until) <= context.clock.nowMs()) return;
  await extendLease(context);
}

/** The same when an admin at the command line has changed main and starts the panel next. Resolves with whether it was done. */
export async function extendLease(context: ClusterContext): Promise<boolean> {
  const { lease } = context.memory;
  if (lease === null || lease.lost) return false;
  try {
    const ttlMs = Math.max(plannedRestartMs, lease.ttlMs);
    const deadlineMs = await replaceLease(context, ttlMs);
    if (deadlineMs === null) return false;
    await keepGuard(context, deadlineMs);
    return true;
  } catch (error) {
    context.log.warn({ reason: messageOf(error) }, 'the lease could not be extended for the restart');
    return false;
  }
}

/** After the restart: back to the ordinary length, so that the next crash is seen in time. */
export async function shortenLeaseAgain(context: ClusterContext): Promise<void> {
  const { lease } = context.memory;
  if (lease === null || lease.lost || lease.ttlMs !== plannedRestartMs) return;
  if (context.own.leaseTtlMs >= plannedRestartMs) return;
  await replaceLease(context, context.own.leaseTtlMs);
}

/** The new deadline, boot clock, ms; null when the lease was no longer this server's. */
async function replaceLease(context: ClusterContext, ttlMs: number): Promise<number | null> {
  const { membership } = context.nodeFile.get();
  const { lease } = context.memory;
  if (membership === null || lease === null) return null;
  const result = await context.arbiter.replaceLease(membership.cluster_id, lease.leaseId, ttlMs);
  if (!result.taken) {
    context.log.warn({ reason: result.sentence }, 'the lease was not replaced');
    return null;
  }
  const { leaseId, startedMs, ttlMs: grantedMs } = result;
  context.memory.lease = { ...lease, leaseId, ttlMs: grantedMs, renewedMs: startedMs };
  await context.nodeFile.update((file) =>
    file.membership === null
      ? file
      : { ...file, membership: { ...file.membership, lease: { lease_id: leaseId, term: lease.term } } },
  );
  return startedMs + grantedMs - leaseMarginMs(grantedMs);
}
