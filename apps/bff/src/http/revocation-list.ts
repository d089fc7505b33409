/** Tokens that were signed out before their end, in memory: asked on every request, so never a query (DESIGN §11). */
export interface RevocationList {
  /** `untilMs`: when the token would have ended by itself; the entry may go then. */
  add(jti: string, untilMs: number): void;
  has(jti: string): boolean;
}

const SWEEP_EVERY = 256;

export function createRevocationList(nowMs: () => number): RevocationList {
  const untilByJti = new Map<string, number>();
  let additions = 0;
  return {
    add(jti, untilMs) {
      untilByJti.set(jti, untilMs);
      additions += 1;
      if (additions % SWEEP_EVERY !== 0) return;
      const now = nowMs();
      for (const [known, until] of untilByJti) if (until <= now) untilByJti.delete(known);
    },
    has: (jti) => untilByJti.has(jti),
  };
}
