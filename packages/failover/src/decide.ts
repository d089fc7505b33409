import type { Action, Decision } from './decision.ts';
import { failoverBlockers, silenceOf } from './failover-blockers.ts';
import { writeDeadlineMs } from './lease.ts';
import { MAIN_TRANSITIONS } from './main-transitions.ts';
import type { Memory, Observation, Policy } from './observation.ts';
import { countsDown, key, SECONDARY_TRANSITIONS } from './secondary-transitions.ts';
import type { Transition, View } from './transition.ts';
import { CANDIDATE_UPKEEP_TRANSITIONS, UPKEEP_TRANSITIONS } from './upkeep-transitions.ts';

/** Every numbered row, in the order of its table. */
export const ALL_TRANSITIONS: readonly Transition[] = [
  ...MAIN_TRANSITIONS,
  ...UPKEEP_TRANSITIONS,
  ...SECONDARY_TRANSITIONS,
  ...CANDIDATE_UPKEEP_TRANSITIONS,
];

/**
 * One tick of one server: what it does now, and why (DESIGN §9). Pure: the same observation, memory and policy give the
 * same decision. The first transition of the role's own table that holds acts; main's upkeep acts beside it.
 */
export function decide(observation: Observation, memory: Memory, policy: Policy): Decision {
  const remembered = remember(observation, memory);
  return observation.self.role === 'main'
    ? decideAsMain(observation, remembered, policy)
    : decideAsSecondary(observation, remembered, policy);
}

function decideAsMain(observation: Observation, memory: Memory, policy: Policy): Decision {
  const deadlineMs = observation.arbiter === null ? null : writeDeadlineMs(observation, policy);
  const view: View = { ...observation, memory, policy, deadlineMs, blockers: [] };
  const first = firstThatHolds(MAIN_TRANSITIONS, view);
  const upkeep = UPKEEP_TRANSITIONS.filter((row) => row.when(view));
  const fences = first.actions(view).some(({ kind }) => kind === 'fence');
  // A server that is being shut keeps nothing up: a lease renewed now would outlive the writer.
  const rows = fences ? [first] : [first, ...upkeep];
  return {
    actions: onceEach(rows.flatMap((row) => row.actions(view))),
    memory: { ...memory, toldBlockers: '' },
    rules: rows.map(({ rule }) => rule),
    blockers: [],
    countdownMs: null,
    deadlineMs,
    sentence: first.sentence(view),
  };
}

function decideAsSecondary(observation: Observation, memory: Memory, policy: Policy): Decision {
  const blockers = failoverBlockers(observation, memory, policy);
  const deadlineMs = promotionDeadlineMs(observation, policy);
  const view: View = { ...observation, memory, policy, deadlineMs, blockers };
  const row = firstThatHolds(SECONDARY_TRANSITIONS, view);
  const upkeep = CANDIDATE_UPKEEP_TRANSITIONS.filter((candidate) => candidate.when(view));
  const rows = [row, ...upkeep];
  const actions = onceEach(rows.flatMap((each) => each.actions(view)));
  const told = actions.some(({ kind }) => kind === 'tell_blocked');
  // A main that lives again ends the episode: the next loss is told anew.
  const isOver = row.rule >= 64 && observation.self.operation === null;
  const toldBlockers = told ? key(view) : isOver ? '' : memory.toldBlockers;
  return {
    actions,
    memory: { ...memory, toldBlockers },
    rules: rows.map(({ rule }) => rule),
    blockers,
    countdownMs: countsDown(view) ? silenceOf(view, policy).leftMs : null,
    deadlineMs,
    sentence: row.sentence(view),
  };
}

/** Of a candidate that has the lease: until when it may become a writer by it, and by its grant. */
function promotionDeadlineMs({ self, arbiter }: Observation, policy: Policy): number | null {
  const { lease, operation, handover } = self;
  if (arbiter === null || operation === null || lease === null || lease.lost) return null;
  const byLeaseMs = lease.renewedMs + lease.ttlMs - policy.leaseMarginMs;
  return handover?.side === 'candidate' ? Math.min(byLeaseMs, handover.goodUntilMs ?? byLeaseMs) : byLeaseMs;
}

/** What of this observation the next ones need: how long the lease has been absent, and whether its end was seen. */
function remember({ arbiter, nowMs }: Observation, memory: Memory): Memory {
  if (arbiter === null) return { ...memory, leaseAbsentMs: null, leaseSeen: false };
  if (arbiter.silent || arbiter.heardMs === null) {
    // Nobody looked: an end that came now would not have been seen.
    return arbiter.lease === null ? memory : { ...memory, leaseAbsentMs: null };
  }
  if (arbiter.lease !== null) return { ...memory, leaseAbsentMs: null, leaseSeen: true };
  return { ...memory, leaseAbsentMs: memory.leaseAbsentMs ?? nowMs };
}

function firstThatHolds(table: readonly Transition[], view: View): Transition {
  const row = table.find((candidate) => candidate.when(view));
  if (row === undefined) throw new Error('The last transition of each table holds always.');
  return row;
}

function onceEach(actions: readonly Action[]): readonly Action[] {
  return actions.filter((action, index) => actions.findIndex(({ kind }) => kind === action.kind) === index);
}
