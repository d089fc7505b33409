/** Steps of the operations that change the main: what they are given, and what they leave in their phase. */
import type { Operation } from '@proxpanel/contracts/operations';
import type { StepName } from '@proxpanel/failover/plans';
import type { ClusterContext } from './cluster-context.ts';

export interface StepResult {
  readonly detail: string;
  readonly skipped?: boolean;
  /** This step was the point of no return (SAFETY §3 "Grant"). */
  readonly granted?: boolean;
}

/**
 * One step. It may be run again after an interruption in its middle and then ends the same; it stops at its limit, by
 * which the signal aborts.
 */
export type RunStep = (context: ClusterContext, operation: Operation, signal: AbortSignal) => Promise<StepResult>;
export type StepTable = Partial<Record<StepName, RunStep>>;

/**
 * Thrown by a step that cannot be done any more: the database that was promoted has been shut again meanwhile (its lease
 * ran out). The operation ends, and what is to be done is decided anew.
 */
export class Overtaken extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'Overtaken';
  }
}

/** Thrown by a step that has learned that its operation must be taken back although it was granted: a signed "discarded". */
export class TakenBack extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'TakenBack';
  }
}
