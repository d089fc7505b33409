/**
 * The status, read at most every half second however many pages poll it: one reader works, the others wait for it
 * (coalescing), and its JSON is kept written. `as_of` says how old it is; a change is seen within a second.
 */
export interface StatusCache {
  /** The status as JSON text. */
  read(): Promise<string>;
  /** Runs an operation and forgets the cached status, so that its own page sees its effect at once. */
  after<T>(operation: () => Promise<T>): Promise<T>;
  forget(): void;
}

const lifetimeMs = 500;

export function createStatusCache(parts: {
  readonly readStatus: () => Promise<unknown>;
  readonly nowMs: () => number;
}): StatusCache {
  let kept: { text: string; readAtMs: number } | null = null;
  let reading: Promise<string> | null = null;
  let generation = 0;

  async function readNow(): Promise<string> {
    const mine = generation;
    const startedAtMs = parts.nowMs();
    const text = JSON.stringify(await parts.readStatus());
    // What was read before an operation ended may not be handed out after it.
    if (mine === generation) kept = { text, readAtMs: startedAtMs };
    return text;
  }

  const cache: StatusCache = {
    read() {
      const ageMs = kept === null ? Infinity : parts.nowMs() - kept.readAtMs;
      // A clock that was set back makes a negative age: read anew.
      if (kept !== null && ageMs >= 0 && ageMs < lifetimeMs) return Promise.resolve(kept.text);
      if (reading !== null) return reading;
      const started: Promise<string> = readNow().finally(() => {
        if (reading === started) reading = null;
      });
      reading = started;
      return started;
    },
    async after(operation) {
      try {
        return await operation();
      } finally {
        cache.forget();
      }
    },
    forget() {
      generation += 1;
      kept = null;
      reading = null;
    },
  };
  return cache;
}
