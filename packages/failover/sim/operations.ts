/** Runs operations by production's plans: each step written down, resumed after a restart, taken back where they say so. */
import { afterFailure, nextStep, PLANS, type PlanStep, type StepName } from '../src/plans.ts';
import { fenceDatabase, stateOf } from './database.ts';
import { fenceDelayMs } from './guard.ts';
import { giveLeaseBack } from './hold-lease.ts';
import { inProcess, note } from './schedule-event.ts';
import { STEPS } from './steps.ts';
import type { Settle, StepResult } from './step.ts';
import type { SimNode, SimOperation, World } from './world-types.ts';

const REPEAT_PAUSE_MS = 500;
const TAKE_BACK_LIMIT_MS = 60_000;

/** Goes on with the next step; called again after each of them. */
export function advance(world: World, node: SimNode): void {
  const { operation } = node.file;
  if (operation === null || node.process.stepRunning) return;
  if (lostItsRole(node, operation)) {
    endOperation(world, node, operation, 'failed');
    return;
  }
  if (operation.takingBack) {
    takeBack(world, node, operation);
    return;
  }
  const step = nextStep(PLANS[operation.kind], operation);
  if (step === null) {
    endOperation(world, node, operation, 'completed');
    return;
  }
  setPhase(operation, step.name, 'running');
  runStep(world, node, operation, step.name, step.limitMs, (result) => {
    if (result === 'granted') operation.granted = true;
    if (result === 'failed' || result === 'taken_back') fail(world, node, operation, step, result);
    else {
      setPhase(operation, step.name, result === 'skipped' ? 'skipped' : 'completed');
      advance(world, node);
    }
  });
}

/** Main's own operations end when it is superseded: what it would put back is no longer its own. */
function lostItsRole({ file }: SimNode, { kind, takingBack, granted }: SimOperation): boolean {
  if (file.role === 'main') return false;
  if (kind === 'resume_main' || takingBack) return kind !== 'switchover_candidate' && kind !== 'automatic_failover';
  return kind === 'hand_over' && !granted;
}

function fail(world: World, node: SimNode, operation: SimOperation, step: PlanStep, result: StepResult): void {
  // The mutant rolls back whatever was granted.
  const granted = operation.granted && world.config.mutant !== 'grant';
  let next = result === 'taken_back' ? 'roll_back' : afterFailure(step, { phases: operation.phases, granted });
  if (world.config.mutant === 'grant' && step.name === 'await_new_main') next = 'roll_back';
  if (next === 'note') {
    setPhase(operation, step.name, 'skipped');
    advance(world, node);
  } else if (next === 'repeat') {
    inProcess(world, node, REPEAT_PAUSE_MS, () => advance(world, node));
  } else if (next === 'give_up') {
    note(world, node, `${operation.kind}: the step ${step.name} failed`);
    endOperation(world, node, operation, 'failed');
  } else {
    note(world, node, `${operation.kind}: the step ${step.name} failed, it is taken back`);
    operation.takingBack = true;
    operation.phases.length = 0;
    advance(world, node);
  }
}

/** Each step of the way back is tried until it succeeds. */
function takeBack(world: World, node: SimNode, operation: SimOperation): void {
  const ended = new Set(operation.phases.filter(({ state }) => state === 'completed').map(({ name }) => name));
  const name = PLANS[operation.kind].takeBack.find((step) => !ended.has(step));
  if (name === undefined) {
    endOperation(world, node, operation, 'rolled_back');
    return;
  }
  runStep(world, node, operation, name, TAKE_BACK_LIMIT_MS, (result) => {
    if (result === 'failed') {
      inProcess(world, node, REPEAT_PAUSE_MS, () => advance(world, node));
      return;
    }
    setPhase(operation, name, 'completed');
    advance(world, node);
  });
}

function runStep(
  world: World,
  node: SimNode,
  operation: SimOperation,
  name: StepName,
  limitMs: number,
  done: (result: StepResult) => void,
): void {
  const { process } = node;
  process.step += 1;
  process.stepRunning = true;
  const mine = process.step;
  const settle: Settle = (result) => {
    // Too late, or of an operation that was discarded meanwhile.
    if (process.step !== mine || !process.stepRunning || node.file.operation !== operation) return;
    process.stepRunning = false;
    done(result);
  };
  inProcess(world, node, limitMs, () => settle('failed'));
  const step = STEPS[name];
  if (step === undefined) throw new Error(`Nothing performs ${name}.`);
  const { trap } = node;
  if (trap?.step !== name) {
    step(world, node, operation, settle);
    return;
  }
  node.trap = null;
  trap.spring();
  // Where it was caught it goes on, if at all.
  inProcess(world, node, 1, () => {
    if (process.step === mine && process.stepRunning) step(world, node, operation, settle);
  });
}

function setPhase(operation: SimOperation, name: string, state: string): void {
  const known = operation.phases.find((phase) => phase.name === name);
  if (known === undefined) operation.phases.push({ name, state });
  else known.state = state;
}

function endOperation(world: World, node: SimNode, operation: SimOperation, how: string): void {
  const { file, process } = node;
  file.operation = null;
  process.step += 1;
  process.stepRunning = false;
  note(world, node, `${operation.kind} ${how}`);
  if (how === 'rolled_back') world.ledger.rolledBack += 1;
  if (how === 'completed' && operation.kind === 'automatic_failover') world.ledger.failovers += 1;
  if (how === 'completed' && operation.kind === 'switchover_candidate') world.ledger.switchovers += 1;
  const isCandidate = operation.kind === 'switchover_candidate' || operation.kind === 'automatic_failover';
  if (isCandidate && how !== 'completed') abandon(world, node, operation);
  else if (file.handover?.operationId === operation.id) file.handover = null;
}

/** Not promoted, and never to be by this operation: a pg_promote that still runs is ended, the lease is given back. */
export function abandon(world: World, node: SimNode, operation: SimOperation): void {
  const { file, database } = node;
  if (operation.kind === 'switchover_candidate') file.discarded = Math.max(file.discarded, operation.id);
  if (file.handover?.operationId === operation.id) file.handover = { ...file.handover, state: 'discarded' };
  if (file.role === 'main') return;
  if (database.promoting || stateOf(database) === 'writable') fenceDatabase(world, node, fenceDelayMs(world));
  else giveLeaseBack(world, node);
}

/** After a start of the process: before the grant it is taken back, past it it goes on; a candidate that is not promoted discards. */
export function resumeOperation(world: World, node: SimNode, operation: SimOperation): void {
  const { handover } = node.file;
  // One that was begun since is not cut off.
  if (node.file.operation !== operation) return;
  const state = stateOf(node.database);
  const onMain = operation.kind === 'switchover_main' || operation.kind === 'hand_over';
  // What an operation needs next is read off the database; one of main's may go on while it is down.
  if (state !== 'writable' && state !== 'recovery' && !onMain) {
    inProcess(world, node, 200, () => resumeOperation(world, node, operation));
    return;
  }
  note(world, node, `resumes ${operation.kind}`);
  if (onMain) {
    const granted = operation.granted || handover?.state === 'granted';
    operation.granted = granted;
    if (!granted && !operation.takingBack) {
      operation.takingBack = true;
      operation.phases.length = 0;
    }
  } else if (node.file.role !== 'main' && state !== 'writable' && operation.kind !== 'resume_main') {
    endOperation(world, node, operation, 'discarded');
    return;
  }
  advance(world, node);
}
