import type { Action } from './decision.ts';
import type { FailoverBlockerCode } from './decision.ts';
import type { Memory, Observation, Policy } from './observation.ts';
import type { Reason } from './reason.ts';

/** What the rows of the tables look at: the observation, and what several of them would derive from it. */
export interface View extends Observation {
  readonly policy: Policy;
  readonly memory: Memory;
  /** Until when this server may take writes as main; null: nothing gives it leave. Without an arbiter it needs none. */
  readonly deadlineMs: number | null;
  /** Reasons against an automatic failover of this server. */
  readonly blockers: readonly Reason<FailoverBlockerCode>[];
}

/**
 * One numbered transition: when it holds, what is done, and one sentence for a person. An event that follows from it
 * stores the number in `rule`; numbers are never given anew.
 */
export interface Transition {
  readonly rule: number;
  readonly when: (view: View) => boolean;
  readonly actions: (view: View) => readonly Action[];
  readonly sentence: (view: View) => string;
}

export const nothing = (): readonly Action[] => [];

/** The leave that this main needs is there: no arbiter asks for one, an admin has said so, or a lease or promises run. */
export function hasLeave({ arbiter, self, deadlineMs, nowMs }: View): boolean {
  return arbiter === null || self.overridden === true || (deadlineMs !== null && nowMs < deadlineMs);
}
