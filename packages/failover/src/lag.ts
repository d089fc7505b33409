/**
 * Replay lag in seconds: the age of the oldest write that the standby has not replayed.
 *
 * `now() - pg_last_xact_replay_timestamp()` is not that. It is the age of the last *replayed commit*, and so it grows
 * for as long as nobody writes: an idle, caught-up standby would look hours behind. Here main's end of WAL is sampled
 * with its time, and the standby's replay position is looked up in those samples.
 *
 * Whether main's end of WAL is still *known* is not told here: with the receiver down and no answer from main the
 * newest sample grows old, and the caller shows "unknown" instead of asking.
 */

export interface LsnSample {
  /** Main's end of WAL. */
  readonly lsn: bigint;
  /** When it was first seen there, on the caller's clock: one that does not step, the same one as `nowMs`. */
  readonly atMs: number;
}

const DEFAULT_KEEP = 512;
/** Below this the older half is one sample and cannot be thinned. */
const MIN_KEEP = 3;

/**
 * The history with one more sample; oldest first, LSN strictly rising, at most `keep` samples.
 *
 * The same LSN again keeps the earlier time (the write is that old). A lower LSN than the last is another timeline or
 * another main: what was known of the old one says nothing of the new, so the history begins anew. When it is full,
 * every other sample of the older half goes: far back the resolution grows coarse, but its length is kept, so that a
 * standby that is hours behind still reads hours. A thinned history answers with a lower bound.
 *
 * @throws RangeError when `keep` is under 3.
 */
export function recordLsnSample(
  history: readonly LsnSample[],
  sample: LsnSample,
  keep: number = DEFAULT_KEEP,
): readonly LsnSample[] {
  if (keep < MIN_KEEP) throw new RangeError(`keep must be at least ${String(MIN_KEEP)}`);
  const last = history.at(-1);
  if (last !== undefined && sample.lsn === last.lsn) return history;
  if (last !== undefined && sample.lsn < last.lsn) return [sample];
  let next: readonly LsnSample[] = [...history, sample];
  while (next.length > keep) next = thinOlderHalf(next);
  return next;
}

function thinOlderHalf(history: readonly LsnSample[]): readonly LsnSample[] {
  const half = Math.floor(history.length / 2);
  return history.filter((_, index) => index >= half || index % 2 === 0);
}

/**
 * The age, in seconds with the resolution of milliseconds, of the oldest write in the history that is not replayed at
 * `replayLsn`; 0 when all of it is; null when nothing is known of main. Never negative.
 */
export function replayLagSeconds(history: readonly LsnSample[], replayLsn: bigint, nowMs: number): number | null {
  if (history.length === 0) return null;
  const oldestMissing = history.find(({ lsn }) => lsn > replayLsn);
  if (oldestMissing === undefined) return 0;
  return Math.max(0, Math.round(nowMs - oldestMissing.atMs)) / 1000;
}
