/** The step in which a candidate becomes the one who may be main: with an arbiter by its lease, without one by a new term. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '@proxpanel/contracts/operations';
import { leaseMarginMs } from '@proxpanel/failover/lease';
import { Fault } from '../fault.ts';
import { claimTerm } from './claim-term.ts';
import type { ClusterContext } from './cluster-context.ts';
import { withGrant } from './handover.ts';
import { keepGuard, takeLease } from './hold-lease.ts';
import { requireMembership } from './membership.ts';
import { overrideArbiter } from './override-arbiter.ts';
import { bootMs } from './sounds.ts';
import type { RunStep, StepResult } from './step-result.ts';

const pollMs = 200;

/** LEASE_HELD, ARBITER_AWAY (an admin may override it), BLOCKED while a promise runs. */
export const takeLeaseStep: RunStep = async (context, operation, signal) => {
  refuseWhilePromised(context);
  if (!context.arbiter.configured) return withoutArbiter(context, operation);
  if (operation.without_arbiter) {
    await claimTerm(context);
    await overrideArbiter(context);
    return { detail: 'An admin promotes without the arbiter.', skipped: true };
  }
  const { handover, main_node_id: mainNodeId } = withGrant(context, requireMembership(context.nodeFile.get()));
  const isGranted = handover?.side === 'candidate' && handover.state === 'granted';
  const from = isGranted ? { nodeId: mainNodeId, term: handover.term } : null;
  // An admin's promotion waits until the lease of a main that does not answer has run out; an automatic one began after it.
  const waits = operation.kind === 'emergency_promotion';
  const term = await takeUntilFree(context, from, waits ? signal : null);
  const { lease } = context.memory;
  if (lease !== null) await keepGuard(context, lease.renewedMs + lease.ttlMs - leaseMarginMs(lease.ttlMs));
  return { detail: `The lease of term ${String(term)} is this server's.` };
};

async function withoutArbiter(context: ClusterContext, operation: Operation): Promise<StepResult> {
  // An admin's promotion has claimed its term when it told the old main.
  if (operation.kind === 'emergency_promotion') return { detail: 'There is no arbiter.', skipped: true };
  return { detail: `There is no arbiter; term ${String(await claimTerm(context))} is claimed.` };
}

function refuseWhilePromised(context: ClusterContext): void {
  const { promise } = requireMembership(context.nodeFile.get());
  if (promise?.boot_id !== context.clock.bootId() || promise.boot_ms <= bootMs(context)) return;
  const seconds = Math.ceil((promise.boot_ms - bootMs(context)) / 1_000);
  throw new Fault('BLOCKED', `This server promised main not to be promoted for another ${String(seconds)} s.`);
}

async function takeUntilFree(
  context: ClusterContext,
  from: { nodeId: number; term: number } | null,
  waitUntil: AbortSignal | null,
): Promise<number> {
  for (;;) {
    try {
      return await takeLease(context, from);
    } catch (error) {
      if (waitUntil === null || waitUntil.aborted) throw error;
      if (!(error instanceof Fault) || error.code !== 'LEASE_HELD') throw error;
      await delay(pollMs);
    }
  }
}
