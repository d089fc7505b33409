/** What node.json says of a change of main that runs, and what this process alone knows of it (SAFETY §3 "Grant"). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership } from './membership.ts';
import type { Handover, Membership } from './node-file.ts';
import { bootMs } from './sounds.ts';

export const handoverGateReason = 'The main server is being changed; writes go on in a moment, on another server.';

/** Lost with the process: node.json is what counts, this only keeps two calls of one process apart. */
interface LiveHandover {
  /** Candidate: from the moment before pg_promote until its outcome is on disk, nothing may be promised. */
  promotingId: string | null;
  /** Candidate: resolves when "it asks" is in node.json; rejects when it cannot be. */
  asking: { readonly operationId: string; readonly written: Promise<void> } | null;
  /** Candidate: main has granted it; on disk with the lease or the term that is taken next. */
  grantedId: string | null;
  /** Candidate: a "discarded" is on its way to the disk. */
  discardingId: string | null;
  /** Candidate: slots are made and replay waits for nobody; undone when nothing comes of it. */
  preparedId: string | null;
  /** Main: which operation has shut it, and when (boot clock, ms); null after a restart of this process. */
  shut: { readonly operationId: string; readonly atMs: number } | null;
  /** Main: where its WAL ends. Written down with the grant: before it a restart goes back, and asks for nothing more. */
  end: { readonly operationId: string; readonly lastLsn: string; readonly isCheckpoint: boolean } | null;
  /** Main: the grant has run out and the candidate does not answer: only an admin can say what is to be done. */
  unheardId: string | null;
  /** Main: operations of which the candidate has said that it never promotes by them. */
  readonly givenUp: Map<string, string>;
  readonly listeners: Set<() => void>;
}

const lives = new WeakMap<ClusterContext, LiveHandover>();

export function liveHandover(context: ClusterContext): LiveHandover {
  const known = lives.get(context);
  if (known !== undefined) return known;
  const fresh: LiveHandover = {
    promotingId: null,
    asking: null,
    grantedId: null,
    discardingId: null,
    preparedId: null,
    shut: null,
    end: null,
    unheardId: null,
    givenUp: new Map(),
    listeners: new Set(),
  };
  lives.set(context, fresh);
  return fresh;
}

export function currentHandover(context: ClusterContext): Handover | null {
  return context.nodeFile.get().membership?.handover ?? null;
}

/** The handover of this operation. GRANT_REFUSED when there is none (any more). */
export function requireHandover(context: ClusterContext, operationId: string): Handover {
  const handover = currentHandover(context);
  if (handover?.operation_id !== operationId) {
    throw new Fault('GRANT_REFUSED', 'This change of main is no longer under way on this server.');
  }
  return handover;
}

/** One that could still end in a promotion, or has shut something. */
export function isOpenHandover(handover: Handover | null): handover is Handover {
  return handover !== null && handover.state !== 'discarded';
}

export async function beginHandover(context: ClusterContext, handover: Handover): Promise<void> {
  const { handover: before } = requireMembership(context.nodeFile.get());
  if (isOpenHandover(before) && before.operation_id !== handover.operation_id) {
    throw new Fault('BUSY', 'An earlier change of main is not settled yet.');
  }
  await context.nodeFile.update((file) =>
    file.membership === null ? file : { ...file, membership: { ...file.membership, handover } },
  );
}

/**
 * Changes the handover of this operation and resolves with it as it then is; null when there is none. `change` gets what is
 * on disk at that moment and returns null to leave it.
 */
export async function changeHandover(
  context: ClusterContext,
  operationId: string,
  change: (handover: Handover, membership: Membership) => Partial<Membership> | null,
): Promise<Handover | null> {
  const file = await context.nodeFile.update((current) => {
    const { membership } = current;
    if (membership?.handover?.operation_id !== operationId) return current;
    const patch = change(membership.handover, membership);
    return patch === null ? current : { ...current, membership: { ...membership, ...patch } };
  });
  const handover = file.membership?.handover ?? null;
  return handover?.operation_id === operationId ? handover : null;
}

/** Candidate: the membership with main's grant in it, where it was given and not taken back; to be written with the next change. */
export function withGrant(context: ClusterContext, membership: Membership): Membership {
  const { handover } = membership;
  if (handover?.state !== 'asked' || handover.operation_id !== liveHandover(context).grantedId) return membership;
  return { ...membership, handover: { ...handover, state: 'granted' } };
}

/** It is settled and leaves no trace. */
export async function endHandover(context: ClusterContext, operationId: string): Promise<void> {
  await changeHandover(context, operationId, () => ({ handover: null }));
  liveHandover(context).givenUp.delete(operationId);
}

/** How long a grant is still good, in ms; 0 or less when it has run out, or belongs to an earlier boot. */
export function goodForMs(context: ClusterContext, { good_until: until }: Handover): number {
  if (until?.boot_id !== context.clock.bootId()) return 0;
  return until.boot_ms - bootMs(context);
}

export function instantIn(context: ClusterContext, ms: number): NonNullable<Handover['good_until']> {
  return { boot_id: context.clock.bootId(), boot_ms: bootMs(context) + ms };
}

/** Resolves at the next change of node.json or word of the candidate, after `ms`, or when the signal aborts. */
export async function handoverNews(context: ClusterContext, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { listeners } = liveHandover(context);
  const stopListening = context.nodeFile.onChange(() => resolve());
  const timer = setTimeout(resolve, ms);
  const onAbort = (): void => resolve();
  listeners.add(onAbort);
  signal.addEventListener('abort', onAbort, { once: true });
  await promise;
  clearTimeout(timer);
  stopListening();
  listeners.delete(onAbort);
  signal.removeEventListener('abort', onAbort);
}

/**
 * Main waits for a candidate that does not answer, without an arbiter, and an admin says who is main (SAFETY §3 "Terms").
 * False: it does not wait for that.
 */
export function giveUpWaiting(context: ClusterContext, reason: string): boolean {
  const live = liveHandover(context);
  if (!waitsForUnheard(context) || live.unheardId === null) return false;
  live.givenUp.set(live.unheardId, reason);
  tellHandoverNews(context);
  return true;
}

export function waitsForUnheard(context: ClusterContext): boolean {
  const handover = currentHandover(context);
  return handover?.state === 'granted' && handover.operation_id === liveHandover(context).unheardId;
}

export function tellHandoverNews(context: ClusterContext): void {
  for (const listener of liveHandover(context).listeners) listener();
}
