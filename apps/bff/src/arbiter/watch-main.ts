/** Hearing of a change of the main key at once; the renewals and looks of others do not depend on it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogPort } from '../cluster/ports.ts';
import { isSilence, reasonOf, type EtcdClient } from './etcd-client.ts';
import { keysOf } from './keys.ts';

const PAUSE_MS = 500;

export interface WatchOptions {
  readonly client: EtcdClient;
  readonly log: LogPort;
  /** A watch that is silent for so long is opened anew: nothing else tells a quiet one from a half-dead connection. */
  readonly idleMs: number;
  readonly timeoutMs: number;
}

/** As the port says. */
export async function watchMain(
  { client, log, idleMs, timeoutMs }: WatchOptions,
  clusterId: string,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  let isAway = false;
  while (!signal.aborted) {
    let stood = false;
    let wasQuiet = false;
    const onLine = () => {
      if (isAway) log.info({}, 'the watch of the arbiter stands again');
      isAway = false;
      stood = true;
      onChange();
    };
    try {
      await client.watch(keysOf(clusterId).main, idleMs, onLine, signal);
    } catch (error) {
      if (signal.aborted) return;
      // Once per outage, and never for a watch that stood and was quiet.
      if (!stood && !isAway) log.warn({ reason: reasonOf(error, timeoutMs) }, 'the arbiter cannot be watched');
      isAway = !stood;
      wasQuiet = stood && isSilence(error);
    }
    // After mere silence at once, so that no change waits for it.
    if (!wasQuiet) await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(PAUSE_MS, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
