/** The candidate's half has failed before its promotion: that is on disk, and main hears it at once. */
import type { Operation } from '@proxpanel/contracts/operations';
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { changeHandover } from './handover.ts';
import { giveLeaseBack } from './hold-lease.ts';
import { configuredRole, mainPeer, targetOf } from './membership.ts';
import { undoPreparation } from './prepare-for-promotion.ts';
import { recordEvent } from './record-event.ts';

const tellTimeoutMs = 3_000;

export async function giveUpCandidacy(
  context: ClusterContext,
  operation: Operation,
  { step, reason }: { readonly step: string; readonly reason: string },
): Promise<void> {
  await changeHandover(context, operation.id, (handover) => ({ handover: { ...handover, state: 'discarded' } }));
  await tellMain(context, operation.id);
  await undoPreparation(context, operation.id);
  await giveLeaseBack(context).catch((error: unknown) => {
    // Main takes it over from this server, or it runs out.
    context.log.warn({ reason: messageOf(error) }, 'the lease could not be given back');
  });
  await recordEvent(context, {
    type: 'switchover_failed',
    message: `This server did not become main; it failed at ${step}: ${reason}`,
    actor: operation.actor,
    severity: 'warning',
    details: { operation_id: operation.id, step },
  });
}

/** Best effort: main asks by itself when it does not hear it. */
async function tellMain(context: ClusterContext, operationId: string): Promise<void> {
  const { membership } = context.nodeFile.get();
  const main = membership === null ? null : mainPeer(membership);
  if (membership === null || main === null || configuredRole(membership) === 'main') return;
  try {
    const options = { timeoutMs: tellTimeoutMs };
    await context.peers.call('discard', targetOf(membership, main), { operation_id: operationId }, options);
  } catch (error) {
    context.log.info({ reason: messageOf(error) }, 'main was not told that its candidate gave up');
  }
}
