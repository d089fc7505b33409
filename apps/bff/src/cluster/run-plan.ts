/**
 * Runs an operation by its plan: one step after the other, each written down before and after it, with what follows from
 * a failure as the plan says (packages/failover/plans.ts). The same plans run in the simulator.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '@proxpanel/contracts/operations';
import {
  afterFailure,
  nextStep,
  type OnFailure,
  type Plan,
  type PlanStep,
  type StepName,
} from '@proxpanel/failover/plans';
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { beginPhase, endOperation, passToPhase, phaseOf, setPhase } from './operation-record.ts';
import { Overtaken, TakenBack, type StepResult, type StepTable } from './step-result.ts';

/** Between two attempts of a step that has to succeed. */
const repeatPauseMs = 500;

export interface PlanRun {
  readonly plan: Plan;
  readonly steps: StepTable;
  /** What the operation says when it has ended well. */
  readonly outcome: (context: ClusterContext) => string;
  /** Called once when it ended otherwise, for the event. */
  readonly onFailed: (
    context: ClusterContext,
    operation: Operation,
    failed: { readonly step: string; readonly reason: string; readonly rolledBack: boolean },
  ) => Promise<void>;
}

/**
 * Resolves with the operation as it ended. Throws only what is no failure of a step (node.json cannot be written).
 *
 * @param onDisk resolves when `begun` is on disk, where that was not waited for.
 */
export async function runPlan(
  context: ClusterContext,
  run: PlanRun,
  begun: Operation,
  onDisk = Promise.resolve(),
): Promise<Operation> {
  let operation = begun;
  let written = onDisk;
  const next = (passed: Operation): string | null => nextStep(run.plan, passed)?.name ?? null;
  for (;;) {
    const step = nextStep(run.plan, operation);
    if (step === null) {
      await written;
      return endOperation(context, operation, 'completed', run.outcome(context));
    }
    // The step before has written it already; an operation that begins, or is resumed, has not.
    if (!isRunning(operation, step.name)) ({ operation, written } = beginPhase(context, operation, step.name));
    if (step.onDiskFirst === true) await written;
    const outcome = await attempt(context, run, step, operation);
    // What is on disk is one step late at most, but for those that leave nothing behind.
    if (step.isLight !== true) await written;
    if ('error' in outcome) {
      const ended = await fail(context, run, operation, step, outcome.error);
      if (ended.state !== 'running') return ended;
      operation = ended;
      continue;
    }
    const { result } = outcome;
    const granted = result.granted === true ? { ...operation, granted: true } : operation;
    const ended = { name: step.name, state: stateOf(result), detail: result.detail };
    ({ operation, written } = passToPhase(context, granted, ended, next));
  }
}

type Outcome = { readonly result: StepResult } | { readonly error: unknown };

async function attempt(context: ClusterContext, run: PlanRun, step: PlanStep, operation: Operation): Promise<Outcome> {
  try {
    return { result: await perform(context, run, step.name, operation, step.limitMs) };
  } catch (error) {
    return { error };
  }
}

function isRunning(operation: Operation, name: string): boolean {
  return phaseOf(operation, name)?.state === 'running';
}

function stateOf({ skipped }: StepResult): 'skipped' | 'completed' {
  return skipped === true ? 'skipped' : 'completed';
}

async function perform(
  context: ClusterContext,
  run: PlanRun,
  name: StepName,
  operation: Operation,
  limitMs: number,
): Promise<StepResult> {
  const step = run.steps[name];
  if (step === undefined) throw new Error(`Nothing performs the step ${name} of ${run.plan.kind}.`);
  return step(context, operation, AbortSignal.timeout(limitMs));
}

/** Returns the operation: ended, or running when the step is noted or to be repeated. */
async function fail(
  context: ClusterContext,
  run: PlanRun,
  operation: Operation,
  step: PlanStep,
  error: unknown,
): Promise<Operation> {
  const reason = messageOf(error);
  context.log.warn({ operation_id: operation.id, step: step.name, reason }, 'a step of a change of main failed');
  const next = whatFollows(error, step, operation);
  if (next === 'note') return setPhase(context, operation, step.name, 'skipped', reason);
  if (next === 'repeat') {
    const waiting = await setPhase(context, operation, step.name, 'running', `Tried again: ${reason}`);
    await delay(repeatPauseMs);
    return waiting;
  }
  const failed = await setPhase(context, operation, step.name, 'failed', reason);
  if (next === 'give_up') {
    const outcome = `The step ${step.name} failed: ${reason} ${await stateNow(context)}`;
    const ended = await endOperation(context, failed, 'failed', outcome);
    await run.onFailed(context, ended, { step: step.name, reason, rolledBack: false });
    return ended;
  }
  return takeBack(context, run, failed, { step: step.name, reason });
}

function whatFollows(error: unknown, step: PlanStep, operation: Operation): OnFailure {
  if (error instanceof TakenBack) return 'roll_back';
  return error instanceof Overtaken ? 'give_up' : afterFailure(step, operation);
}

/** What the failure left, for the one who has to decide what to do about it. */
async function stateNow(context: ClusterContext): Promise<string> {
  const { state } = await context.database.look();
  return state === 'writable' ? 'This server accepts writes all the same.' : 'This server is read-only as before.';
}

/** Each step of the way back is tried until it succeeds: half-way back, nobody takes writes. */
export async function takeBack(
  context: ClusterContext,
  run: PlanRun,
  operation: Operation,
  failed: { readonly step: string; readonly reason: string },
): Promise<Operation> {
  for (const name of run.plan.takeBack) {
    for (;;) {
      try {
        await perform(context, run, name, operation, takeBackLimitMs);
        break;
      } catch (error) {
        const reason = messageOf(error);
        context.log.error({ operation_id: operation.id, step: name, reason }, 'the way back is tried again');
        await delay(repeatPauseMs);
      }
    }
  }
  const sentence = `The step ${failed.step} failed and everything was put back: ${failed.reason}`;
  const ended = await endOperation(context, operation, 'rolled_back', sentence);
  await run.onFailed(context, ended, { ...failed, rolledBack: true });
  return ended;
}

const takeBackLimitMs = 60_000;
