/** A long operation as it is written down after every step, so that either page can watch it and a restart can go on (DESIGN §3, §5). */
import { randomUUID } from 'node:crypto';
import type { Operation, Phase, PhaseState } from '@proxpanel/contracts/operations';
import type { ClusterContext } from './cluster-context.ts';

export interface OperationInput {
  readonly kind: Operation['kind'];
  readonly actor: string;
  readonly reason: string | null;
  readonly phases: readonly string[];
  /** Given by main for both halves of a switchover; else made here. */
  readonly id?: string;
  readonly withoutArbiter?: boolean;
}

/** On disk before it resolves. */
export async function beginOperation(context: ClusterContext, input: OperationInput): Promise<Operation> {
  const { operation, written } = beginOperationNow(context, input);
  await written;
  return operation;
}

/** For one whose first steps change nothing that a restart would have to know of. */
export function beginOperationNow(context: ClusterContext, input: OperationInput): Passed {
  return keepBehind(context, newOperation(context, input));
}

function newOperation(context: ClusterContext, input: OperationInput): Operation {
  return {
    id: input.id ?? randomUUID(),
    kind: input.kind,
    state: 'running',
    actor: input.actor,
    reason: input.reason,
    started_at: new Date(context.clock.nowMs()).toISOString(),
    finished_at: null,
    outcome: null,
    granted: false,
    without_arbiter: input.withoutArbiter ?? false,
    phases: input.phases.map((name) => ({ name, state: 'pending', started_at: null, finished_at: null, detail: null })),
  };
}

async function keep(context: ClusterContext, operation: Operation): Promise<Operation> {
  await context.operationFiles.save(operation);
  context.memory.operation = operation;
  return operation;
}

export interface Passed {
  readonly operation: Operation;
  /** Resolves once it is on disk. Rejects as `OperationFilesPort.save`; whoever does not wait misses nothing. */
  readonly written: Promise<void>;
}

export async function setPhase(
  context: ClusterContext,
  operation: Operation,
  name: string,
  state: PhaseState,
  detail: string | null = null,
): Promise<Operation> {
  return keep(context, withPhase(context, operation, name, state, detail));
}

export function beginPhase(context: ClusterContext, operation: Operation, name: string): Passed {
  return keepBehind(context, withPhase(context, operation, name, 'running', null));
}

/** The end of one phase and the beginning of the next in one write, which need not be waited for (PlanStep.onDiskFirst). */
export function passToPhase(
  context: ClusterContext,
  operation: Operation,
  ended: { readonly name: string; readonly state: PhaseState; readonly detail: string | null },
  next: (operation: Operation) => string | null,
): Passed {
  const passed = withPhase(context, operation, ended.name, ended.state, ended.detail);
  const name = next(passed);
  const begun = name === null ? passed : withPhase(context, passed, name, 'running', null);
  return keepBehind(context, begun);
}

function keepBehind(context: ClusterContext, operation: Operation): Passed {
  context.memory.operation = operation;
  const written = context.operationFiles.save(operation);
  // Told to the one who waits for it; until somebody does, it is no unhandled fault of the process.
  written.catch(() => undefined);
  return { operation, written };
}

function withPhase(
  context: ClusterContext,
  operation: Operation,
  name: string,
  state: PhaseState,
  detail: string | null,
): Operation {
  const at = new Date(context.clock.nowMs()).toISOString();
  const ended = state !== 'running' && state !== 'pending';
  const phases = operation.phases.map((phase): Phase => {
    if (phase.name !== name) return phase;
    return { ...phase, state, detail, started_at: phase.started_at ?? at, finished_at: ended ? at : null };
  });
  return { ...operation, phases };
}

export async function endOperation(
  context: ClusterContext,
  operation: Operation,
  state: 'completed' | 'failed' | 'rolled_back',
  outcome: string,
): Promise<Operation> {
  return keep(context, { ...operation, state, outcome, finished_at: new Date(context.clock.nowMs()).toISOString() });
}

export function phaseOf(operation: Operation, name: string): Phase | undefined {
  return operation.phases.find((phase) => phase.name === name);
}
