/** Every loop is a service with `run` and an end: abortable waits, no tick on top of another (DESIGN §12, style rule 8). */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPort } from '../cluster/ports.ts';
import { messageOf } from '../fault.ts';

export interface Service {
  readonly name: string;
  /** Runs until the signal aborts; resolves then. Throws only for a defect. */
  run(signal: AbortSignal): Promise<void>;
}

export interface Ticker {
  readonly name: string;
  /** Asked before each wait, because settings change. */
  readonly intervalMs: () => number;
  readonly log: LogPort;
  /** One tick. What it throws is logged and the next tick comes all the same. */
  readonly tick: (signal: AbortSignal) => Promise<void>;
}

/** A service that ticks at once and then again `intervalMs` after each tick has ended. */
export function createTicker(ticker: Ticker): Service {
  return {
    name: ticker.name,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await ticker.tick(signal);
        } catch (error) {
          if (!signal.aborted)
            ticker.log.error({ loop: ticker.name, reason: messageOf(error), err: error }, 'a tick failed');
        }
        await pause(ticker.intervalMs(), signal);
      }
    },
  };
}

/** Ends early, and quietly, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export interface RunningServices {
  /** Resolves once all have ended. */
  stop(): Promise<void>;
}

export function startServices(services: readonly Service[], log: LogPort): RunningServices {
  const controller = new AbortController();
  const runs = services.map((service) =>
    service.run(controller.signal).catch((error: unknown) => {
      log.error({ loop: service.name, reason: messageOf(error), err: error }, 'a loop ended by a fault');
    }),
  );
  return {
    async stop() {
      controller.abort();
      await Promise.all(runs);
    },
  };
}
