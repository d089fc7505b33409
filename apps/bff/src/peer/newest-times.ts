/** `newest_iat_by_issuer` of node.json: what a restart must still know of tokens that were accepted (SAFETY §5). */
import type { ClockPort, LogPort, NodeFilePort } from '../cluster/ports.ts';
import { messageOf } from '../fault.ts';

/** At most one write a second: heartbeats must not cost an fsync each. */
const WRITE_EVERY_MS = 1_000;
/** How far ahead a write for a caller whose clock is ahead reaches, so that its next tokens need none. */
const AHEAD_SECONDS = 5;
/** Older entries tell a restart nothing: it refuses tokens made before it anyway. */
const KEPT_SECONDS = 3_600;

export interface NewestTimes {
  /** Newest `iat` of this issuer that an earlier process may have accepted; -Infinity when none is known. */
  beforeStart(issuer: string): number;
  /** Newest that this process accepted by its time alone; -Infinity when none. */
  sinceStart(issuer: string): number;
  /**
   * An accepted `iat` (seconds). A token of a clock that is ahead would still look fresh after a crash and restart, so
   * that case alone waits for the write; the others are covered by "made before the start" and are written later.
   */
  record(issuer: string, iat: number, nowSeconds: number): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

export function createNewestTimes(parts: {
  readonly nodeFile: NodeFilePort;
  readonly clock: ClockPort;
  readonly log: LogPort;
}): NewestTimes {
  const { nodeFile, clock, log } = parts;
  const before = new Map(Object.entries(nodeFile.get().newest_iat_by_issuer));
  const since = new Map<string, number>();
  /** What node.json holds, or reaches to for callers ahead of us. */
  const written = new Map(before);
  const pending = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;

  async function write(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    if (pending.size === 0) return;
    const batch = new Map(pending);
    pending.clear();
    const oldest = clock.nowMs() / 1000 - KEPT_SECONDS;
    try {
      await nodeFile.update((file) => {
        const merged = new Map(Object.entries(file.newest_iat_by_issuer).filter(([, iat]) => iat >= oldest));
        for (const [issuer, iat] of batch) merged.set(issuer, Math.max(iat, merged.get(issuer) ?? iat));
        return { ...file, newest_iat_by_issuer: Object.fromEntries(merged) };
      });
    } catch (error) {
      for (const [issuer, iat] of batch) pending.set(issuer, Math.max(iat, pending.get(issuer) ?? iat));
      throw error;
    }
    for (const [issuer, iat] of batch) written.set(issuer, Math.max(iat, written.get(issuer) ?? iat));
  }

  function writeSoon(): void {
    timer ??= setTimeout(() => {
      write().catch((error: unknown) => {
        log.error({ reason: messageOf(error) }, 'the newest times of callers could not be written to node.json');
        writeSoon();
      });
    }, WRITE_EVERY_MS);
    timer.unref();
  }

  return {
    beforeStart: (issuer) => before.get(issuer) ?? -Infinity,
    sinceStart: (issuer) => since.get(issuer) ?? -Infinity,
    record: async (issuer, iat, nowSeconds) => {
      since.set(issuer, Math.max(iat, since.get(issuer) ?? iat));
      if (iat <= (written.get(issuer) ?? -Infinity)) return;
      if (iat > nowSeconds) {
        pending.set(issuer, iat + AHEAD_SECONDS);
        await write();
      } else {
        pending.set(issuer, Math.max(iat, pending.get(issuer) ?? iat));
        writeSoon();
      }
    },
    close: write,
  };
}
