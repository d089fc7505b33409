/**
 * The status, read a few times a second however many pages poll it: one reader works, the others wait for it
 * (coalescing), and its JSON is kept written. `as_of` says how old it is; a change is seen within a second.
 *
 * Under a steady stream of polls nobody waits: from `refreshAfterMs` on a new reading runs beside the polls, which are
 * still answered from the last one. A page that comes back after `lifetimeMs` waits for a reading of its own.
 */
export interface StatusCache {
  /** The status as JSON text. */
  read(): Promise<string>;
  /** The written JSON when it is young enough to be handed out without waiting; else null, and `read` is to be asked. */
  atHand(): Buffer | null;
  /** Runs an operation and forgets the cached status, so that its own page sees its effect at once. */
  after<T>(operation: () => Promise<T>): Promise<T>;
  forget(): void;
}

const refreshAfterMs = 250;
const lifetimeMs = 500;

interface Written {
  readonly text: string;
  readonly bytes: Buffer;
  readonly readAtMs: number;
}

export function createStatusCache(parts: {
  readonly readStatus: () => Promise<unknown>;
  readonly nowMs: () => number;
}): StatusCache {
  let kept: Written | null = null;
  let reading: Promise<string> | null = null;
  let generation = 0;

  async function readNow(): Promise<string> {
    const mine = generation;
    const startedAtMs = parts.nowMs();
    const text = JSON.stringify(await parts.readStatus());
    // What was read before an operation ended may not be handed out after it.
    if (mine === generation) kept = { text, bytes: Buffer.from(text), readAtMs: startedAtMs };
    return text;
  }

  function startReading(): Promise<string> {
    if (reading !== null) return reading;
    const started: Promise<string> = readNow().finally(() => {
      if (reading === started) reading = null;
    });
    reading = started;
    return started;
  }

  function youngEnough(): Written | null {
    if (kept === null) return null;
    const ageMs = parts.nowMs() - kept.readAtMs;
    // A clock that was set back makes a negative age: read anew.
    if (ageMs < 0 || ageMs >= lifetimeMs) return null;
    if (ageMs >= refreshAfterMs) {
      // Nobody waits for this one: when it fails, the next poll after the lifetime reads again and is told why.
      startReading().catch(() => undefined);
    }
    return kept;
  }

  const cache: StatusCache = {
    read() {
      const young = youngEnough();
      return young === null ? startReading() : Promise.resolve(young.text);
    },
    atHand: () => youngEnough()?.bytes ?? null,
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
