/** The Cluster tab's one poll (DESIGN §5, "polled every 5 s"). */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

const defaultPollMs = 5_000;
const fastestPollMs = 500;
const slowestPollMs = 60_000;

/** How long to wait before the next poll: what the last reply asked for, within reason; 5 s before there is one. */
export function pollAfterMs(status: ClusterStatus | undefined): number {
  if (status === undefined) return defaultPollMs;
  return Math.min(slowestPollMs, Math.max(fastestPollMs, status.poll_after_ms));
}

/**
 * The cluster's status, polled while the page is visible. When the server stops answering, `data` stays the last good
 * reply, `dataUpdatedAt` (ms since the epoch) says how old it is and `error` says why.
 */
export function useClusterStatus(): UseQueryResult<ClusterStatus> {
  return useQuery({
    queryKey: queryKeys.clusterStatus,
    queryFn: ({ signal }) => call('clusterStatus', { signal, timeout_ms: 8_000 }),
    refetchInterval: (query) => pollAfterMs(query.state.data),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: 'always',
  });
}

/**
 * The server's time now, in ms since the epoch: its own `as_of` plus the time since the reply came. A browser whose clock
 * is wrong would otherwise show wrong ages.
 */
export function serverNowMs(status: ClusterStatus, receivedAtMs: number, nowMs: number): number {
  return Date.parse(status.as_of) + Math.max(0, nowMs - receivedAtMs);
}
