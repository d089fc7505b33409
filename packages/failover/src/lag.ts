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
/** The oldest and the newest always stay; below this there is nothing between them to drop. */
const MIN_KEEP = 3;

/**
 * The history with one more sample; oldest first, LSN strictly rising, at most `keep` samples.
 *
 * The same LSN again keeps the earlier time (the write is that old). A lower LSN than the last is another timeline or
 * another main: what was known of the old one says nothing of the new, so the history begins anew. A full history is
 * thinned, not cut: its resolution grows coarse with age, but its length is kept, so that a standby that is hours behind
 * still reads hours. A thinned history answers with a lower bound.
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
  while (next.length > keep) next = thin(next, sample.atMs);
  return next;
}

/**
 * Drops one sample, never the oldest or the newest: the one whose going costs least, measured as the gap that it leaves
 * relative to the gap's age. So the resolution stays a few per cent of the age everywhere, a second now and minutes
 * a day ago. (Dropping every other sample of the older half, again and again, leaves one gap of a third of the whole.)
 */
function thin(history: readonly LsnSample[], nowMs: number): readonly LsnSample[] {
  let cheapest = 1;
  let cheapestCost = Number.POSITIVE_INFINITY;
  for (let index = 1; index < history.length - 1; index += 1) {
    const before = history[index - 1]?.atMs ?? nowMs;
    const after = history[index + 1]?.atMs ?? nowMs;
    const cost = (after - before) / Math.max(1, nowMs - before);
    if (cost < cheapestCost) [cheapest, cheapestCost] = [index, cost];
  }
  return history.filter((_, index) => index !== cheapest);
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
