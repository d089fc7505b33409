/** Waiting for a state, with an end. */
import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again; false when it has not become so within `limitMs`. */
export async function until(
  isSo: () => Promise<boolean>,
  { limitMs, pauseMs }: { readonly limitMs: number; readonly pauseMs: number },
): Promise<boolean> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() >= deadlineMs) return false;
    await delay(pauseMs);
  }
}
