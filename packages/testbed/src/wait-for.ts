import { inspect } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { TestbedError } from './errors.ts';

export interface WaitForOptions<Value> {
  /** What is waited for, as it should read after "waited 30.0 s for". */
  describe: string;
  /** How long to try, in milliseconds. Default 60 000: generous, since a loaded machine is no failure. */
  deadlineMs?: number;
  /** Pause between two probes, in milliseconds. Default 50. */
  intervalMs?: number;
  /** When the value is the awaited one. Default: when it is truthy. */
  until?: (value: Value) => boolean;
  /** Ends the wait early with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Polls `probe` until its value is the awaited one and returns that value. A probe that throws is asked again. When the
 * deadline passes (also inside a probe that hangs) the error says what was seen last.
 *
 * @throws TestbedError `DEADLINE`, or the reason of `signal`.
 */
export async function waitFor<Value>(
  probe: () => Value | Promise<Value>,
  options: WaitForOptions<Value>,
): Promise<Exclude<Value, false | null | undefined>> {
  const { describe, deadlineMs = 60_000, intervalMs = 50, until = Boolean } = options;
  const started = performance.now();
  const deadline = AbortSignal.timeout(deadlineMs);
  const stop = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
  let lastSeen = 'nothing: the first probe never returned';
  while (!stop.aborted) {
    try {
      const value = await orAborted(Promise.resolve(probe()), stop);
      if (until(value)) return value as Exclude<Value, false | null | undefined>;
      lastSeen = inspect(value, { depth: 4, breakLength: 120 });
    } catch (error) {
      // The abort itself is not something that was seen; any other fault of the probe is.
      if (error !== stop.reason) lastSeen = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
    }
    if (stop.aborted) break;
    // An abort during the pause ends the loop by its condition.
    await delay(intervalMs, undefined, { signal: stop }).catch(() => undefined);
  }
  if (options.signal?.aborted) throw options.signal.reason;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  throw new TestbedError('DEADLINE', `waited ${seconds} s for ${describe}; last saw ${lastSeen}`);
}

/** The promise's own outcome, or a rejection with the signal's reason as soon as it aborts. */
async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: first, resolve, reject } = Promise.withResolvers<Value>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  promise.then(resolve, reject);
  try {
    return await first;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
