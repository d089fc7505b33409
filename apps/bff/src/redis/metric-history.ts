/** The nodes' figures over time, for sparklines (DESIGN §3): a capped list per node, in Redis and in memory. */
import { metricPointSchema, type MetricPoint } from '@proxpanel/contracts/membership';
import type { LogPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import type { RedisConnection } from './redis-connection.ts';

/** Six hours of heartbeats at the default interval. */
const KEPT_POINTS = 720;
/** Node ids are given once and never again; this many live ones no cluster has. */
const KEPT_NODES = 64;

export interface MetricHistory {
  push(nodeId: number, point: MetricPoint, mayWrite: boolean): Promise<void>;
  read(nodeId: number): Promise<MetricPoint[]>;
}

export function createMetricHistory(connection: RedisConnection, log: LogPort): MetricHistory {
  const own = new Map<number, MetricPoint[]>();
  return {
    push: async (nodeId, point, mayWrite) => {
      keep(own, nodeId, point);
      // A secondary's Redis is read-only: what it measures itself stays in this process.
      if (!mayWrite) return;
      const key = keyOf(nodeId);
      await orElse(undefined, log, async () => {
        await connection.send('LPUSH', key, JSON.stringify(point));
        await connection.send('LTRIM', key, 0, KEPT_POINTS - 1);
      });
    },
    read: async (nodeId) => {
      const stored = await orElse([], log, () => connection.send('LRANGE', keyOf(nodeId), 0, KEPT_POINTS - 1));
      const byTime = new Map<string, MetricPoint>();
      for (const point of [...parsePoints(stored), ...(own.get(nodeId) ?? [])]) byTime.set(point.at, point);
      return [...byTime.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-KEPT_POINTS);
    },
  };
}

function keep(own: Map<number, MetricPoint[]>, nodeId: number, point: MetricPoint): void {
  const points = own.get(nodeId) ?? [];
  points.push(point);
  if (points.length > KEPT_POINTS) points.shift();
  // Taken out and put back, so that the first key is the node that was silent longest.
  own.delete(nodeId);
  own.set(nodeId, points);
  const oldest = own.keys().next();
  if (own.size > KEPT_NODES && !oldest.done) own.delete(oldest.value);
}

/** Figures are worth no failed heartbeat: without Redis the memory of this process serves. */
async function orElse<Value>(fallback: Value, log: LogPort, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // That Redis is away is logged once by the connection; a refusal (full, read-only just now) is said here.
    if (error.code !== 'REDIS_DOWN') log.warn({ reason: error.message }, 'figures are kept in memory alone');
    return fallback;
  }
}

/** Newest first, as LRANGE gives them; what another version wrote in another form is left out. */
function parsePoints(stored: unknown): MetricPoint[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((text) => {
    try {
      const point = metricPointSchema.safeParse(JSON.parse(String(text)));
      return point.success ? [point.data] : [];
    } catch {
      // Not JSON: as above.
      return [];
    }
  });
}

function keyOf(nodeId: number): string {
  return `cluster:metrics:${nodeId}`;
}
