import type { Memory } from './observation.ts';
import type { Reason } from './reason.ts';

/**
 * What is to be done now. Each may be repeated after an interruption, and none is begun twice while it runs: that is the
 * performer's part.
 */
export type Action =
  | { readonly kind: 'open_gate' }
  /** SAFETY §1 "fence": standby.signal and a kill; nothing is waited for. */
  | { readonly kind: 'fence'; readonly cause: FenceCause; readonly sentence: string }
  | { readonly kind: 'keep_standby_signal' }
  | { readonly kind: 'drop_standby_signal' }
  | { readonly kind: 'keep_guard' }
  | { readonly kind: 'take_lease' }
  | { readonly kind: 'renew_lease' }
  /** To every listed secondary; the answers arrive in the next observation. */
  | { readonly kind: 'ask_promises' }
  | { readonly kind: 'ask_confirmation' }
  /** The operation `resume_main`: this server is main and its database came up read-only. */
  | { readonly kind: 'resume_main' }
  | { readonly kind: 'start_database' }
  /** The operation `hand_over`: main's database is dead, main grants. */
  | { readonly kind: 'hand_over'; readonly toNodeId: number }
  | { readonly kind: 'fail_over' }
  | { readonly kind: 'degrade_durability' }
  | { readonly kind: 'restore_durability' }
  /** Written once for each set of reasons. */
  | { readonly kind: 'tell_blocked'; readonly reasons: readonly Reason<FailoverBlockerCode>[] };

/**
 * `superseded`, `equal_term`: this server is no longer main, and node.json says so. `lease`: it may be main again, once it
 * has a lease.
 */
export type FenceCause = 'superseded' | 'equal_term' | 'lease';

export type ActionKind = Action['kind'];

export type FailoverBlockerCode =
  | 'switched_off'
  | 'hold'
  | 'not_in_recovery'
  | 'fenced'
  | 'diverged'
  | 'cloning'
  | 'operation_running'
  | 'wal_flows'
  | 'main_answers'
  | 'main_database_answers'
  | 'main_not_silent_long_enough'
  | 'lease_held'
  | 'arbiter_away'
  | 'arbiter_forgot'
  | 'not_in_arbiter'
  | 'just_started'
  | 'promise_runs'
  | 'grant_open'
  | 'version_unknown'
  | 'versions_differ'
  | 'lag_over_limit'
  | 'lag_unknown'
  | 'flapping'
  | 'not_synchronous'
  | 'other_is_ahead'
  | 'other_not_heard';

export interface Decision {
  readonly actions: readonly Action[];
  readonly memory: Memory;
  /** Numbers of the rows that held, in the order of the table; the first is stored with an event that follows from it. */
  readonly rules: readonly number[];
  /** Secondary: why there is no automatic failover now; empty when there is. */
  readonly blockers: readonly Reason<FailoverBlockerCode>[];
  /** Secondary: until a failover would begin, if nothing else stands in its way; null: nothing counts down. */
  readonly countdownMs: number | null;
  /**
   * With an arbiter: until when main may take writes, or a candidate may become a writer; the guard has to know it. null:
   * it may not, or it needs no leave.
   */
  readonly deadlineMs: number | null;
  /** One sentence: what this server does now and why. */
  readonly sentence: string;
}
