/**
 * The steps of every change of main, in their order, as data: the BFF performs them on real servers, and the simulator
 * on its model, so that what is tried there is what runs here (SAFETY §1, §3, §4).
 */

/**
 * What becomes of an operation when a step fails or its limit passes.
 *
 * - `give_up`: nothing has been changed that a new attempt would not do again.
 * - `roll_back`: the plan's `takeBack` steps put things as they were.
 * - `repeat`: past the point of no return; the step is tried again until it succeeds.
 * - `note`: said, and gone on without; a loop asserts it later.
 */
export type OnFailure = 'give_up' | 'roll_back' | 'repeat' | 'note';

export interface PlanStep {
  readonly name: StepName;
  /** For one attempt. */
  readonly limitMs: number;
  readonly onFailure: OnFailure;
  /**
   * That it has begun is on disk before it does anything. Of every other step it may come there one step late: each can be
   * repeated, and writes are shut while most of them run.
   */
  readonly onDiskFirst?: true;
  /** It changes nothing that a restart would have to know of: the next step begins before it is on disk that this one did. */
  readonly isLight?: true;
}

export interface Plan {
  readonly kind: PlanKind;
  readonly steps: readonly PlanStep[];
  /** Run in this order after a failure whose rule is `roll_back`; each may be repeated, and each is tried. */
  readonly takeBack: readonly StepName[];
}

export type PlanKind =
  | 'emergency_promotion'
  | 'automatic_failover'
  | 'switchover_main'
  | 'switchover_candidate'
  | 'resume_main'
  | 'hand_over';

export type StepName =
  // Main's side of a planned change.
  | 'check'
  | 'shut_gate'
  | 'shut_database'
  | 'hand_over'
  | 'await_grant'
  | 'await_new_main'
  | 'follow_new_main'
  // Taking it back.
  | 'withdraw'
  | 'resume_database'
  | 'open_gate'
  // The candidate's side, and every promotion.
  | 'fence_main'
  | 'prepare_candidate'
  | 'reach_end'
  | 'ask_grant'
  | 'take_lease'
  | 'promote_database'
  | 'record_promotion'
  | 'checkpoint'
  | 'promote_redis'
  | 'announce'
  // A main that comes back.
  | 'confirm_main';

/** Replay of what was received comes first and may take minutes under a long lag. */
const promoteLimitMs = 300_000;

/** SAFETY §3 "Grant": good for so long from the asking; pg_promote must have returned by then. */
export const GRANT_VALID_MS = 10_000;
/** Between the candidate's own deadline and main's: clocks of two machines run at slightly different speeds. */
export const GRANT_MARGIN_MS = 2_000;

/** After pg_promote nothing is taken back: a writable server that nobody calls main would be left behind. */
const afterPromotion: readonly PlanStep[] = [
  { name: 'record_promotion', limitMs: 60_000, onFailure: 'repeat' },
  { name: 'checkpoint', limitMs: 600_000, onFailure: 'note' },
  { name: 'promote_redis', limitMs: 15_000, onFailure: 'note' },
  { name: 'announce', limitMs: 10_000, onFailure: 'note' },
];

export const PLANS: Readonly<Record<PlanKind, Plan>> = {
  /** An admin says that main is lost. It is shut first where it answers; with an arbiter its lease must have ended. */
  emergency_promotion: {
    kind: 'emergency_promotion',
    steps: [
      { name: 'check', limitMs: 10_000, onFailure: 'give_up' },
      { name: 'fence_main', limitMs: 40_000, onFailure: 'give_up' },
      { name: 'take_lease', limitMs: 60_000, onFailure: 'give_up' },
      { name: 'prepare_candidate', limitMs: 30_000, onFailure: 'give_up' },
      { name: 'promote_database', limitMs: promoteLimitMs, onFailure: 'repeat', onDiskFirst: true },
      ...afterPromotion,
    ],
    takeBack: [],
  },
  /** Nobody asked: decide found no reason against it. With an arbiter the lease is the proof that main is shut. */
  automatic_failover: {
    kind: 'automatic_failover',
    steps: [
      { name: 'check', limitMs: 5_000, onFailure: 'give_up' },
      { name: 'take_lease', limitMs: 5_000, onFailure: 'give_up' },
      { name: 'prepare_candidate', limitMs: 15_000, onFailure: 'give_up' },
      { name: 'promote_database', limitMs: promoteLimitMs, onFailure: 'repeat', onDiskFirst: true },
      ...afterPromotion,
    ],
    takeBack: [],
  },
  /** Planned, main alive, nothing lost. The grant, in node.json before it is sent, is the point of no return. */
  switchover_main: {
    kind: 'switchover_main',
    steps: [
      // With a CHECKPOINT of a large, busy database in it; nothing is shut by then.
      { name: 'check', limitMs: 120_000, onFailure: 'give_up' },
      { name: 'shut_gate', limitMs: 5_000, onFailure: 'roll_back' },
      { name: 'shut_database', limitMs: 60_000, onFailure: 'roll_back' },
      { name: 'hand_over', limitMs: 10_000, onFailure: 'roll_back' },
      { name: 'await_grant', limitMs: 30_000, onFailure: 'roll_back' },
      { name: 'await_new_main', limitMs: GRANT_VALID_MS + GRANT_MARGIN_MS, onFailure: 'repeat' },
      { name: 'follow_new_main', limitMs: 60_000, onFailure: 'note' },
    ],
    takeBack: ['withdraw', 'resume_database', 'record_promotion', 'open_gate'],
  },
  /** The other half, on the candidate; it begins when main says that it is shut. */
  switchover_candidate: {
    kind: 'switchover_candidate',
    steps: [
      { name: 'prepare_candidate', limitMs: 15_000, onFailure: 'give_up', isLight: true },
      { name: 'reach_end', limitMs: 20_000, onFailure: 'give_up', isLight: true },
      { name: 'ask_grant', limitMs: 5_000, onFailure: 'give_up' },
      { name: 'take_lease', limitMs: 5_000, onFailure: 'give_up' },
      { name: 'promote_database', limitMs: GRANT_VALID_MS, onFailure: 'give_up', onDiskFirst: true },
      ...afterPromotion,
    ],
    takeBack: [],
  },
  /** Main's own database is dead, its panel lives: it grants at once, and what was received is all that there is. */
  hand_over: {
    kind: 'hand_over',
    steps: [
      { name: 'shut_gate', limitMs: 5_000, onFailure: 'roll_back' },
      { name: 'hand_over', limitMs: 10_000, onFailure: 'roll_back' },
      { name: 'await_grant', limitMs: 20_000, onFailure: 'roll_back' },
      { name: 'await_new_main', limitMs: GRANT_VALID_MS + GRANT_MARGIN_MS, onFailure: 'repeat' },
    ],
    takeBack: ['withdraw', 'open_gate'],
  },
  /** SAFETY §1 "Fail-safe restart": a main whose database came up read-only, and that is still main by §3. */
  resume_main: {
    kind: 'resume_main',
    steps: [
      { name: 'confirm_main', limitMs: 5_000, onFailure: 'give_up' },
      { name: 'promote_database', limitMs: promoteLimitMs, onFailure: 'repeat', onDiskFirst: true },
      { name: 'record_promotion', limitMs: 60_000, onFailure: 'repeat' },
      { name: 'checkpoint', limitMs: 600_000, onFailure: 'note' },
      { name: 'announce', limitMs: 10_000, onFailure: 'note' },
    ],
    takeBack: [],
  },
};

export function stepNames(kind: PlanKind): readonly StepName[] {
  return PLANS[kind].steps.map(({ name }) => name);
}

/** How far an operation is, as its file says it. */
export interface Progress {
  readonly phases: readonly { readonly name: string; readonly state: string }[];
  /** The grant was given (main) or used (candidate): nothing may be rolled back any more. */
  readonly granted: boolean;
}

/** The step to run next; null when all have ended. */
export function nextStep(plan: Plan, { phases }: Progress): PlanStep | null {
  const ended = new Set(
    phases.filter(({ state }) => state === 'completed' || state === 'skipped').map(({ name }) => name),
  );
  return plan.steps.find(({ name }) => !ended.has(name)) ?? null;
}

/** What follows when `step` has failed. Past the grant a rollback would be a second main (SAFETY §3). */
export function afterFailure(step: PlanStep, { granted }: Progress): OnFailure {
  return granted && step.onFailure === 'roll_back' ? 'repeat' : step.onFailure;
}
