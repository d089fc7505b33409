import { isSignOfLife, silenceOf } from './failover-blockers.ts';
import { nothing, type Transition, type View } from './transition.ts';
import { durationInWords } from './words.ts';

const others = ({ blockers }: View) => blockers.filter((blocker) => !isSignOfLife(blocker));
const livesOn = ({ blockers }: View): boolean => blockers.some(isSignOfLife);

const PASSING: ReadonlySet<string> = new Set([
  'operation_running',
  'just_started',
  'grant_open',
  'promise_runs',
  'cloning',
]);

/** What passes by itself within seconds, or is this server's own doing, is nothing to wake anybody for. */
const isSettled = ({ blockers }: View): boolean => !blockers.some(({ code }) => PASSING.has(code));

/** The leave of a promotion has ended while it was under way (SAFETY §3 "Lease", "Grant"). */
const outlivesItsLease = ({ self, deadlineMs, nowMs, arbiter, database }: View): boolean =>
  arbiter !== null &&
  self.operation !== null &&
  self.lease !== null &&
  database.state === 'writable' &&
  (self.lease.lost || deadlineMs === null || nowMs >= deadlineMs);

/** The first row that holds is what a secondary does about its main. */
export const SECONDARY_TRANSITIONS: readonly Transition[] = [
  {
    rule: 58,
    when: outlivesItsLease,
    actions: () => [{ kind: 'fence', cause: 'lease', sentence: promotedTooLate }],
    sentence: () => promotedTooLate,
  },
  {
    rule: 59,
    // A fresh process first goes on with what it was doing: a promotion that ended while it was away is rolled forward.
    when: ({ self, database, nowMs, policy }) =>
      database.state === 'writable' &&
      self.operation === null &&
      !self.cloning &&
      (self.fenced || nowMs - self.startedMs >= policy.leaseTtlMs),
    actions: () => [{ kind: 'fence', cause: 'lease', sentence: notMain }],
    sentence: () => notMain,
  },
  {
    rule: 60,
    when: ({ self }) => self.handover?.side === 'candidate' && ['asked', 'granted'].includes(self.handover.state),
    actions: nothing,
    sentence: () => 'A planned change of main runs, and this server is its candidate.',
  },
  {
    rule: 61,
    when: ({ blockers }) => blockers.length === 0,
    actions: () => [{ kind: 'fail_over' }],
    sentence: ({ arbiter }) =>
      arbiter === null
        ? 'Main has been silent by every path for too long: this server takes over.'
        : "Main's lease has ended and its database is not heard: this server takes over.",
  },
  {
    rule: 62,
    when: (view) => !livesOn(view) && isSettled(view) && key(view) !== view.memory.toldBlockers,
    actions: ({ blockers }) => [{ kind: 'tell_blocked', reasons: blockers }],
    sentence: (view) => `Main is lost, but this server does not take over: ${sentences(view)}`,
  },
  {
    rule: 63,
    when: (view) => !livesOn(view) && view.self.operation === null,
    actions: nothing,
    sentence: (view) => `Main is lost, but this server does not take over: ${sentences(view)}`,
  },
  {
    rule: 64,
    when: (view) => silenceOf(view, view.policy).silentMs > 0 && view.arbiter === null && countsDown(view),
    actions: nothing,
    sentence: (view) => {
      const { silentMs, leftMs } = silenceOf(view, view.policy);
      return `Main has been silent for ${durationInWords(silentMs)}; in ${durationInWords(leftMs ?? 0)} this server takes over.`;
    },
  },
  {
    rule: 65,
    when: () => true,
    actions: nothing,
    sentence: standing,
  },
];

const promotedTooLate = 'The lease ended before the promotion did: another server may be main, so writes are shut.';
const notMain = 'This server is not main, and its database takes writes: they are shut.';

/** Nothing is done: in one sentence, why that is right. */
function standing({ self, blockers }: View): string {
  if (self.operation !== null) return `An operation decides now: ${self.operation}.`;
  if (self.diverged) return 'This server holds rows that main does not have, and waits for its repair.';
  if (self.fenced) return 'This server was superseded, and does not follow the new main yet.';
  const has = (code: string): boolean => blockers.some((blocker) => blocker.code === code);
  if (has('wal_flows') || has('main_answers') || has('main_database_answers')) {
    return 'Main is heard; this server follows it.';
  }
  return has('lease_held') ? 'No WAL comes from main; its lease still runs.' : 'Main is not heard, and not lost yet.';
}

function sentences({ blockers }: View): string {
  return blockers.map(({ sentence }) => sentence).join(' ');
}

/** The set of reasons, without the figures in their sentences: those change with every tick. */
export function key({ blockers }: Pick<View, 'blockers'>): string {
  return blockers.map(({ code }) => code).join();
}

/** Silence alone stands between this server and a failover. */
export function countsDown(view: View): boolean {
  const { blockers } = view;
  return (
    others(view).length === 0 &&
    blockers.some(({ code }) => code === 'main_not_silent_long_enough') &&
    !blockers.some(({ code }) => code === 'wal_flows' || code === 'main_answers' || code === 'main_database_answers')
  );
}
