/** A planned change of main after a restart of either panel, in any phase: node.json says on which side of the grant it is. */
import type { Operation } from '@proxpanel/contracts/operations';
import type { ClusterContext } from './cluster-context.ts';
import { giveUpCandidacy } from './give-up-candidacy.ts';
import { handOverRun } from './hand-over.ts';
import { changeHandover, currentHandover, endHandover, goodForMs, isOpenHandover } from './handover.ts';
import { configuredRole, requireMembership } from './membership.ts';
import { endOperation, phaseOf } from './operation-record.ts';
import { undoPreparation } from './prepare-for-promotion.ts';
import { fenceItself } from './promote-within-grant.ts';
import { runPlan, takeBack, type PlanRun } from './run-plan.ts';
import { startOperation } from './start-operation.ts';
import { candidateRun } from './switchover-candidate.ts';
import { switchoverRun } from './switchover-main.ts';

const restarted = 'The panel was restarted in the middle of it.';
/** A grant that is good for less is not used after a restart. */
const leastMs = 1_000;

export function isMainsHalf(operation: Operation): boolean {
  return phaseOf(operation, 'await_grant') !== undefined;
}

export function isCandidatesHalf(operation: Operation): boolean {
  return phaseOf(operation, 'ask_grant') !== undefined;
}

/**
 * Main shuts its own database for a planned change, and nobody but the operation starts it again: with one that was cut
 * off there is nothing to wait for. The handover ends as soon as the new main is known, which is before that start.
 */
export function mayHaveShutItsDatabase(
  { nodeFile }: Pick<ClusterContext, 'nodeFile'>,
  cutOff: readonly Operation[],
): boolean {
  const handover = nodeFile.get().membership?.handover ?? null;
  return (isOpenHandover(handover) && handover.side === 'main') || cutOff.some(isMainsHalf);
}

/** Granted, or another server is main already: forward. Otherwise back, also when PostgreSQL is still stopped. */
export async function resumeMainsHalf(context: ClusterContext, operation: Operation): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const own = currentHandover(context);
  const handover = own?.operation_id === operation.id ? own : null;
  if (handover === null && phaseOf(operation, 'shut_gate')?.state === 'pending') {
    await endOperation(context, operation, 'failed', `${restarted} Nothing had been changed.`);
    return;
  }
  const candidateNodeId = handover?.candidate_node_id ?? membership.main_node_id;
  const way = handover?.way ?? 'demote';
  const run = operation.kind === 'hand_over' ? handOverRun(candidateNodeId) : switchoverRun({ candidateNodeId, way });
  if (handover?.state === 'granted' || configuredRole(membership) === 'secondary') {
    return goOn(context, run, upTo({ ...operation, granted: true }, 'await_new_main'));
  }
  await startOperation(
    context,
    'taking a change of main back',
    () => Promise.resolve(operation),
    (begun) => takeBack(context, run, begun, { step: 'restart', reason: restarted }),
  );
}

/** A database out of recovery was promoted under the grant. One in recovery is promoted only within it. */
export async function resumeCandidatesHalf(context: ClusterContext, operation: Operation): Promise<void> {
  const own = currentHandover(context);
  const handover = own?.operation_id === operation.id ? own : null;
  const { state } = await context.database.look();
  const run = candidateRun({ lastLsn: null, lastIsCheckpoint: false });
  const isMain = configuredRole(context.nodeFile.get().membership) === 'main';
  if (isMain || (state === 'writable' && handover?.state === 'granted')) {
    return goOn(context, run, upTo(operation, 'record_promotion'));
  }
  const wasPromoting = phaseOf(operation, 'promote_database')?.state === 'running';
  if (handover?.state === 'granted' && goodForMs(context, handover) > leastMs) {
    // The lease may have been taken: what is repeated here is refused then, and given back.
    return goOn(context, run, upTo(operation, wasPromoting ? 'promote_database' : 'take_lease'));
  }
  // pg_promote may still be under way.
  if (wasPromoting) await fenceItself(context, operation.id, restarted);
  await changeHandover(context, operation.id, (each) => ({ handover: { ...each, state: 'discarded' } }));
  const ended = await endOperation(context, operation, 'failed', `${restarted} Main was told that it is not used.`);
  await giveUpCandidacy(context, ended, { step: 'restart', reason: restarted });
}

/**
 * What no operation will settle any more: its file said that it had ended, and the process died before node.json did. The
 * readers of a candidate that got ready for nothing are waited for again.
 */
export async function settleLeftHandover(context: ClusterContext): Promise<void> {
  const handover = currentHandover(context);
  const { state } = context.database.view();
  const operation = handover === null ? null : await context.operationFiles.read(handover.operation_id);
  const isLeft = isOpenHandover(handover) && operation?.state !== 'running';
  if (isLeft && handover.side === 'main' && handover.state !== 'granted') {
    await endHandover(context, handover.operation_id);
  }
  if (isLeft && handover.side === 'candidate' && state === 'recovery') {
    await changeHandover(context, handover.operation_id, (each) => ({ handover: { ...each, state: 'discarded' } }));
  }
  const isSecondary = configuredRole(context.nodeFile.get().membership) === 'secondary';
  if (isSecondary && state === 'recovery' && context.lock.running() === null) await undoPreparation(context, '');
}

async function goOn(context: ClusterContext, run: PlanRun, operation: Operation): Promise<void> {
  await startOperation(
    context,
    'a change of main',
    () => Promise.resolve(operation),
    (begun) => runPlan(context, run, begun),
  );
}

/** Everything before `name` has ended, whether its end was written down or not; `name` runs (again). */
function upTo(operation: Operation, name: string): Operation {
  const index = operation.phases.findIndex((phase) => phase.name === name);
  const phases = operation.phases.map((phase, place) => {
    if (place >= index || phase.state === 'skipped') return phase;
    return { ...phase, state: 'completed' as const, finished_at: phase.finished_at ?? phase.started_at };
  });
  return { ...operation, phases };
}
