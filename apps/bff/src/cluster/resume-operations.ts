/** After a restart of the panel: every operation that was cut off goes on, or ends as what it was (SAFETY §3 "Grant"). */
import type { Operation } from '@proxpanel/contracts/operations';
import type { ClusterContext } from './cluster-context.ts';
import { endOperation, phaseOf } from './operation-record.ts';
import { promotionRun } from './promote-secondary.ts';
import {
  isCandidatesHalf,
  isMainsHalf,
  resumeCandidatesHalf,
  resumeMainsHalf,
  settleLeftHandover,
} from './resume-switchover.ts';
import { runPlan } from './run-plan.ts';
import { startOperation } from './start-operation.ts';

/** To be asked for before this process can have begun one of its own. */
export async function listCutOff({ operationFiles }: Pick<ClusterContext, 'operationFiles'>): Promise<Operation[]> {
  return (await operationFiles.list()).filter(({ state }) => state === 'running');
}

/** Called once at start, when the database has been seen. What has ended since it was listed is left alone. */
export async function resumeOperations(context: ClusterContext, cutOff: readonly Operation[]): Promise<void> {
  for (const { id } of cutOff) {
    const operation = await context.operationFiles.read(id);
    if (operation?.state !== 'running') continue;
    context.log.warn({ operation_id: operation.id, kind: operation.kind }, 'an operation was cut off');
    await resumeOne(context, operation);
  }
  await settleLeftHandover(context);
}

async function resumeOne(context: ClusterContext, operation: Operation): Promise<void> {
  if (isMainsHalf(operation)) return resumeMainsHalf(context, operation);
  if (isCandidatesHalf(operation)) return resumeCandidatesHalf(context, operation);
  switch (operation.kind) {
    case 'emergency_promotion':
    case 'automatic_failover':
      return resumePromotion(context, operation);
    default:
      await endOperation(context, operation, 'failed', 'The panel was restarted in the middle of it.');
  }
}

async function resumePromotion(context: ClusterContext, operation: Operation): Promise<void> {
  const promoted = phaseOf(operation, 'promote_database')?.state;
  if (promoted !== 'running' && promoted !== 'completed') {
    // Nothing had been changed that a new promotion would not do again.
    const sentence = 'The panel was restarted before the database was promoted. Promote again.';
    await endOperation(context, operation, 'failed', sentence);
    return;
  }
  const isWritable = context.database.view().state === 'writable';
  if (!isWritable && operation.kind === 'automatic_failover') {
    // Main may be back, or another server ahead of this one: the decision is made anew, from what is seen now.
    await endOperation(context, operation, 'failed', 'The panel was restarted before the database left recovery.');
    return;
  }
  const again = isWritable ? operation : askedAgain(operation);
  await startOperation(
    context,
    'a promotion',
    () => Promise.resolve(again),
    (begun) => runPlan(context, promotionRun(begun), begun),
  );
}

/** Still in recovery, hours may have passed and main may be back: it is asked and shut once more before pg_promote. */
function askedAgain(operation: Operation): Operation {
  const repeated = ['fence_main', 'take_lease', 'prepare_candidate', 'promote_database'];
  const phases = operation.phases.map((phase) =>
    repeated.includes(phase.name) ? { ...phase, state: 'pending' as const, finished_at: null } : phase,
  );
  return { ...operation, phases };
}
