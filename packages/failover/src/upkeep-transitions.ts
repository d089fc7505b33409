import { renewalIntervalMs } from './lease.ts';
import { mayTakeLease } from './main-transitions.ts';
import type { Transition, View } from './transition.ts';

/** SAFETY §4's target is 5 s for the whole; what is left of it is the record's and the reload's. */
const STALL_LIMIT_MS = 2_500;

const serves = ({ database, self, peers }: View): boolean =>
  database.state === 'writable' && !self.fenced && peers.length > 0;

/** A handover gives the lease away by its own steps; until it is granted the lease must live. */
const givesLeaseAway = ({ self }: View): boolean => self.handover?.side === 'main' && self.handover.state === 'granted';

const sinceRenewalMs = ({ self, nowMs }: View): number =>
  self.lease === null ? Infinity : nowMs - self.lease.renewedMs;

/** No writer can be shut in time without it, so no lease is kept for one (SAFETY §3 "Guard"). */
const guarded = ({ database }: View): boolean => database.state !== 'writable' || database.guardAlive !== false;

const arbiterHears = ({ arbiter, nowMs, policy }: View): boolean =>
  arbiter !== null &&
  !arbiter.silent &&
  arbiter.heardMs !== null &&
  nowMs - arbiter.heardMs <= 2 * renewalIntervalMs(policy);

/** What main keeps up beside what it does; every row that holds acts. */
export const UPKEEP_TRANSITIONS: readonly Transition[] = [
  {
    rule: 40,
    when: (view) => serves(view) && view.database.standbySignal === false && view.self.operation === null,
    actions: () => [{ kind: 'keep_standby_signal' }],
    sentence: () => 'standby.signal is put back, so that a restart comes up read-only.',
  },
  {
    rule: 41,
    when: (view) =>
      view.arbiter !== null && serves(view) && view.database.guardAlive !== true && view.deadlineMs !== null,
    actions: () => [{ kind: 'keep_guard' }],
    sentence: () => 'The guard beside PostgreSQL is started.',
  },
  {
    rule: 42,
    when: (view) =>
      view.arbiter !== null &&
      view.self.lease !== null &&
      !view.self.lease.lost &&
      !view.self.fenced &&
      view.peers.length > 0 &&
      guarded(view) &&
      !givesLeaseAway(view) &&
      sinceRenewalMs(view) >= renewalIntervalMs(view.policy),
    actions: () => [{ kind: 'renew_lease' }],
    sentence: () => 'The lease is renewed.',
  },
  {
    rule: 43,
    when: (view) =>
      serves(view) && (view.self.lease === null || view.self.lease.lost) && !givesLeaseAway(view) && mayTakeLease(view),
    actions: () => [{ kind: 'take_lease' }],
    sentence: () => 'No lease exists; main takes it.',
  },
  {
    rule: 44,
    when: (view) =>
      view.arbiter !== null &&
      !view.self.fenced &&
      view.peers.length > 0 &&
      !givesLeaseAway(view) &&
      (view.arbiter.silent || view.self.lease?.lost === true) &&
      sinceRenewalMs(view) >= 2 * renewalIntervalMs(view.policy),
    actions: () => [{ kind: 'ask_promises' }],
    sentence: () => 'The arbiter is away: every secondary is asked to promise that it will not be promoted.',
  },
  {
    rule: 45,
    when: (view) =>
      serves(view) &&
      view.policy.durability === 'sync' &&
      arbiterHears(view) &&
      view.self.lease?.lost === false &&
      view.arbiter?.durability?.state === 'sync' &&
      view.database.synchronous !== null &&
      view.database.synchronous.stalledSinceMs !== null &&
      view.nowMs - view.database.synchronous.stalledSinceMs >= STALL_LIMIT_MS,
    actions: () => [{ kind: 'degrade_durability' }],
    sentence: () => 'The synchronous standby is lost: that is recorded with the arbiter, and then writes go on.',
  },
  {
    rule: 46,
    when: (view) => serves(view) && view.self.operation === null && wantsOtherDurability(view),
    actions: () => [{ kind: 'restore_durability' }],
    sentence: ({ policy }) =>
      policy.durability === 'sync'
        ? 'A standby has caught up: commits wait for it again.'
        : 'Commits wait for no standby, as it is set.',
  },
  {
    rule: 47,
    when: ({ database, peers, self }) =>
      peers.length === 0 && database.state === 'writable' && database.standbySignal === true && self.operation === null,
    actions: () => [{ kind: 'drop_standby_signal' }],
    sentence: () => 'No other server is left: a restart of the only one must come up writable.',
  },
];

/**
 * What a candidate keeps up between taking the lease and being main: replay may take longer than the lease, and a lease
 * that ended under way would be another's.
 */
export const CANDIDATE_UPKEEP_TRANSITIONS: readonly Transition[] = [
  {
    rule: 66,
    when: (view) =>
      view.self.lease?.lost === false &&
      view.self.operation !== null &&
      sinceRenewalMs(view) >= renewalIntervalMs(view.policy),
    actions: () => [{ kind: 'renew_lease' }],
    sentence: () => 'The lease that was taken for the promotion is renewed.',
  },
];

function wantsOtherDurability(view: View): boolean {
  const { policy, arbiter, database, peers } = view;
  const names = database.synchronous?.nodeIds ?? [];
  if (policy.durability === 'async') {
    const recorded = arbiterHears(view) && arbiter?.durability?.state === 'sync';
    return names.length > 0 || recorded;
  }
  const following = peers.filter(({ following, walFlows }) => following && walFlows).map(({ nodeId }) => nodeId);
  if (following.length === 0 || database.synchronous === null) return false;
  if (arbiter !== null && (!arbiterHears(view) || view.self.lease?.lost !== false)) return false;
  const wanted = [...following].sort((left, right) => left - right).join();
  const inForce = [...names].sort((left, right) => left - right).join();
  const recorded = arbiter === null ? inForce : [...(arbiter.durability?.nodeIds ?? [])].sort((a, b) => a - b).join();
  const isRecordedSync = arbiter === null || arbiter.durability?.state === 'sync';
  return wanted !== inForce || wanted !== recorded || !isRecordedSync;
}
