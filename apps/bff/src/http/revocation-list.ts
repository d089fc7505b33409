/** Sessions that were signed out before their end, in memory: asked on every request, so never a query (DESIGN §11). */
export interface RevocationList {
  /** `untilMs`: when the session would have ended by itself; the entry may go then. */
  add(jti: string, untilMs: number): void;
  has(jti: string): boolean;
  /** Those that have not ended by themselves yet, with their end. */
  living(): [jti: string, untilMs: number][];
}

export function createRevocationList(nowMs: () => number): RevocationList {
  const untilByJti = new Map<string, number>();
  return {
    add(jti, untilMs) {
      untilByJti.set(jti, Math.max(untilMs, untilByJti.get(jti) ?? 0));
    },
    has: (jti) => untilByJti.has(jti),
    living() {
      const now = nowMs();
      for (const [jti, untilMs] of untilByJti) if (untilMs <= now) untilByJti.delete(jti);
      return [...untilByJti];
    },
  };
}
