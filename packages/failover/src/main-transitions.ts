import { DOWN_STARTING_MS, handOverTarget, mayHandOver } from './hand-over.ts';
import { absenceWaitMs } from './failover-blockers.ts';
import { hasLeave, nothing, type Transition, type View } from './transition.ts';
import { durationInWords } from './words.ts';

/** A higher term, of a peer or of the arbiter's lease: this main has been superseded (SAFETY §3 "Terms"). */
function higherTerm({ self, peers, arbiter }: View): number | null {
  // One that the arbiter gave to this very server says only that the answer was lost on its way here. Without an arbiter it
  // is a member's claim, and this main is shut before that member is promoted.
  const others = peers.filter(({ mainNodeId }) => arbiter === null || mainNodeId !== self.nodeId);
  const terms = others.map(({ term }) => term ?? 0);
  if (arbiter?.lease != null && arbiter.lease.nodeId !== self.nodeId) terms.push(arbiter.lease.term);
  const highest = Math.max(0, ...terms);
  return highest > self.term ? highest : null;
}

/** Two of the same term who both take writes: "I am the only main" was said on both (SAFETY §3: equal terms shut both). */
const twin = ({ self, peers }: View): boolean =>
  peers.some(({ term, isWritingMain }) => isWritingMain && term === self.term);

const takesWrites = ({ database }: View): boolean => database.state === 'writable';

/**
 * No lease in memory, and yet nothing is lost: a fresh process gets one TTL to find its lease again, while the gate stays
 * shut and the guard keeps the old deadline (one that died with its machine keeps nothing); and an arbiter that knows
 * nothing of this cluster lets nobody but main begin.
 */
function mayLookForLease({ nowMs, self, policy, database, arbiter }: View): boolean {
  if (self.lease !== null) return false;
  if (nowMs - self.startedMs < policy.leaseTtlMs && database.guardAlive !== false) return true;
  return arbiter !== null && arbiter.heardMs !== null && !arbiter.silent && arbiter.term === null;
}

const inHandover = ({ self }: View): boolean =>
  self.handover?.side === 'main' && (self.handover.state === 'shutting' || self.handover.state === 'granted');

/** Granted and shut: a higher term is what was asked for, and the operation waits for what comes of it. */
const awaitsNewMain = ({ self, database }: View): boolean =>
  self.handover?.side === 'main' && self.handover.state === 'granted' && database.state !== 'writable';

const hasOthers = ({ peers }: View): boolean => peers.length > 0;

/** The arbiter was heard, shows no lease, has this server's own term or was vouched for, and nothing has to be waited for. */
export function mayTakeLease(view: View): boolean {
  const { arbiter, self, database, nowMs, memory, policy } = view;
  if (arbiter === null || arbiter.silent || arbiter.heardMs === null || arbiter.lease !== null) return false;
  if (absenceWaitMs(nowMs, arbiter, memory, policy) > 0) return false;
  // Without a term key the arbiter is new, or forgot everything: main, and nobody else, sets it up (again). One that has
  // been shut may have been followed by another main since, which the arbiter would not know any more.
  if (arbiter.term === null) return database.state === 'writable' || isVouchedFor(view);
  if (!arbiter.isMember) return false;
  // A main that writes by everybody's promise is vouched for by that.
  return arbiter.term <= self.term || (database.state === 'writable' ? hasLeave(view) : isVouchedFor(view));
}

/** The arbiter alone cannot say that this server is still main: it forgot, or its term was taken and never used. */
function needsVouching({ arbiter, self }: View): boolean {
  if (arbiter === null || arbiter.silent || arbiter.heardMs === null || arbiter.lease !== null) return false;
  return arbiter.term === null || arbiter.term > self.term;
}

/**
 * *Every* listed server said so within one TTL: before that one of them could have taken a lease and lost it again. Any
 * of them alone may simply not have heard of a newer main.
 */
function isVouchedFor({ peers, nowMs, policy }: View): boolean {
  return peers.every(
    ({ confirmsMain, confirmAskedMs }) =>
      confirmsMain === true && confirmAskedMs != null && nowMs - confirmAskedMs < policy.leaseTtlMs,
  );
}

const isDown = ({ database, nowMs, policy }: View): boolean => {
  const forMs = nowMs - database.sinceMs;
  if (database.state === 'down') return forMs >= policy.dbDownAfterMs;
  return database.state === 'starting' && forMs >= Math.max(DOWN_STARTING_MS, policy.dbDownAfterMs);
};

/**
 * The first row that holds is what main does. 20–23: reasons to be shut, before everything else. 24: an operation owns
 * the database. 25–28: its database is dead. 30–35: it came back read-only. 36–39: it serves.
 */
export const MAIN_TRANSITIONS: readonly Transition[] = [
  {
    rule: 20,
    when: (view) => higherTerm(view) !== null && !awaitsNewMain(view),
    actions: (view) => [{ kind: 'fence', cause: 'superseded', sentence: superseded(view) }],
    sentence: superseded,
  },
  {
    rule: 21,
    when: (view) => twin(view) && takesWrites(view),
    actions: () => [{ kind: 'fence', cause: 'equal_term', sentence: equalTerm }],
    sentence: () => equalTerm,
  },
  {
    rule: 22,
    when: (view) => view.arbiter !== null && view.self.lease?.lost === true && takesWrites(view) && !hasLeave(view),
    actions: () => [{ kind: 'fence', cause: 'lease', sentence: leaseLost }],
    sentence: () => leaseLost,
  },
  {
    rule: 23,
    when: (view) => takesWrites(view) && hasOthers(view) && !hasLeave(view) && !mayLookForLease(view),
    actions: () => [{ kind: 'fence', cause: 'lease', sentence: deadlinePassed }],
    sentence: () => deadlinePassed,
  },
  {
    rule: 24,
    when: (view) => inHandover(view) || view.self.operation !== null,
    actions: nothing,
    sentence: ({ self }) => `An operation decides now: ${self.operation ?? 'a change of main'}.`,
  },
  {
    rule: 25,
    when: (view) => isDown(view) && view.database.canStart && !view.database.startTried && mayHandOver(view),
    actions: () => [{ kind: 'start_database' }],
    sentence: () => "Main's PostgreSQL is down; one start is tried before another server takes over.",
  },
  {
    rule: 26,
    when: (view) => isDown(view) && mayHandOver(view) && handOverTarget(view) !== null,
    actions: (view) => {
      const target = handOverTarget(view);
      return target === null ? [] : [{ kind: 'hand_over', toNodeId: target.nodeId }];
    },
    sentence: (view) => `Main's PostgreSQL is down; node ${String(handOverTarget(view)?.nodeId)} takes over.`,
  },
  {
    rule: 27,
    when: isDown,
    actions: nothing,
    sentence: () => "Main's PostgreSQL is down, and no other server may take over by itself.",
  },
  {
    rule: 28,
    when: ({ database }) => database.state === 'down' || database.state === 'starting',
    actions: nothing,
    sentence: ({ database }) => `Main's PostgreSQL is ${database.state}; it is waited for.`,
  },
  {
    rule: 30,
    when: (view) => view.database.state === 'recovery' && !view.self.fenced && mayResume(view),
    actions: () => [{ kind: 'resume_main' }],
    sentence: () => 'This server is still main, and its database came up read-only: it promotes itself again.',
  },
  {
    rule: 31,
    when: (view) =>
      view.database.state === 'recovery' && view.arbiter !== null && !view.self.fenced && mayTakeLease(view),
    actions: () => [{ kind: 'take_lease' }],
    sentence: () => 'The arbiter shows no newer main; this server takes the lease before it promotes itself again.',
  },
  {
    rule: 32,
    when: (view) =>
      view.database.state === 'recovery' && !view.self.fenced && (view.arbiter === null || needsVouching(view)),
    actions: () => [{ kind: 'ask_confirmation' }],
    sentence: () => 'Main, waiting, read-only: it asks the others whether it is still main.',
  },
  {
    rule: 34,
    when: ({ database }) => database.state === 'recovery',
    actions: nothing,
    sentence: ({ self }) =>
      self.fenced
        ? 'This server was superseded and stays read-only.'
        : 'Main, waiting, read-only: the arbiter has not said yet that this server is still main.',
  },
  {
    rule: 36,
    when: (view) => !view.self.gateOpen && mayOpenGate(view),
    actions: () => [{ kind: 'open_gate' }],
    sentence: () => 'Nothing speaks against writes any more.',
  },
  {
    rule: 37,
    when: ({ self }) => !self.gateOpen,
    actions: nothing,
    sentence: () => 'Writes stay shut until it is certain that this server is still main.',
  },
  {
    rule: 39,
    when: () => true,
    actions: nothing,
    sentence: ({ arbiter, deadlineMs, nowMs }) =>
      arbiter === null || deadlineMs === null
        ? 'Main takes writes.'
        : `Main takes writes, for another ${durationInWords(deadlineMs - nowMs)} even if nothing more is heard.`,
  },
];

function superseded(view: View): string {
  return `Superseded: term ${String(higherTerm(view))} was met, this server was main of term ${String(view.self.term)}.`;
}

const equalTerm = 'Another server takes writes under the same term: both are shut, and an admin chooses.';
const leaseLost = 'The lease has ended: another server may be main, so writes are shut at once.';
const deadlinePassed = 'The lease could not be renewed in time, so writes are shut before it ends.';

/** SAFETY §3 "Terms": by its own lease, by promises of all, by a peer's signed word, or by the setting. */
function mayResume(view: View): boolean {
  const { arbiter, peers, policy, database, nowMs } = view;
  if (!hasOthers(view)) return true;
  if (arbiter !== null) return hasLeave(view);
  const denied = peers.some(({ confirmsMain }) => confirmsMain === false);
  if (!denied && peers.some(({ confirmsMain }) => confirmsMain === true)) return true;
  if (denied || policy.autoFailover || policy.selfPromoteAfterMs === null) return false;
  return nowMs - database.sinceMs >= policy.selfPromoteAfterMs;
}

/** SAFETY §1 and §3: the file that makes a restart come up read-only, the guard, the leave; and everybody was asked. */
function mayOpenGate(view: View): boolean {
  const { database, arbiter, peers, self } = view;
  if (database.state !== 'writable' || self.fenced) return false;
  if (!hasOthers(view)) return true;
  if (database.standbySignal !== true) return false;
  if (arbiter !== null) return hasLeave(view) && (database.guardAlive === true || self.overridden === true);
  return peers.every(({ heardMs, apiSilent }) => apiSilent || (heardMs !== null && heardMs >= self.startedMs));
}
