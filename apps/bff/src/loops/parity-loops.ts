/** What PostgreSQL does not replicate: each server measures what it has, and a secondary fetches main's pictures. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { measureParity } from '../cluster/measure-parity.ts';
import { pullUploads } from '../cluster/pull-uploads.ts';
import { createTicker, type Service } from './service.ts';

const measureIntervalMs = 5_000;
/** A look at what is in memory; main is asked only when it has said that it has something else. */
const pullIntervalMs = 1_000;

export function createParityLoops(context: ClusterContext): Service[] {
  const { log } = context;
  const heartbeatMs = () =>
    (context.nodeFile.get().membership?.settings ?? context.own.initialSettings).heartbeat_interval_ms;
  let asked = false;
  return [
    createTicker({
      name: 'parity',
      log,
      intervalMs: () => Math.min(measureIntervalMs, heartbeatMs()),
      tick: () => measureParity(context),
    }),
    createTicker({
      name: 'uploads',
      log,
      intervalMs: () => (asked ? heartbeatMs() : pullIntervalMs),
      tick: async (signal) => {
        asked = true;
        asked = await pullUploads(context, signal);
      },
    }),
  ];
}
