/** Events, metric history and the generated script: read when a part of the page needs them. */
import type { EventListReply, ListEventsQuery } from '@proxpanel/contracts/events';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { call, callText } from './client.ts';
import { queryKeys } from './query-keys.ts';

const eventsPageSize = 25;

/** Older events in keyset pages; asked only while `enabled`. */
export function useEventPages(type: ListEventsQuery['type'] | null, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: queryKeys.events(type ?? null),
    queryFn: ({ pageParam, signal }) =>
      call('events', {
        signal,
        query: {
          limit: eventsPageSize,
          ...(pageParam === null ? {} : { before: pageParam }),
          ...(type === null ? {} : { type }),
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last: EventListReply) => last.next_before,
    enabled,
  });
}

/** A node's history for its sparklines, refreshed twice a minute while it is shown. */
export function useNodeMetrics(nodeId: number) {
  return useQuery({
    queryKey: queryKeys.metrics(nodeId),
    queryFn: ({ signal }) => call('nodeMetrics', { params: { id: nodeId }, signal }),
    refetchInterval: 30_000,
    refetchIntervalInBackground: false,
    staleTime: 15_000,
  });
}

const scriptCalls = { 'setup_replica.sh': 'setupReplicaScript', 'rejoin.sh': 'rejoinScript' } as const;

/** The text of a generated script. `madeFor` changes with each new script, so that an old text is never shown. */
export function useScript(file: keyof typeof scriptCalls, madeFor: string) {
  return useQuery({
    queryKey: queryKeys.script(`${file} ${madeFor}`),
    queryFn: ({ signal }) => callText(scriptCalls[file], { signal }),
    staleTime: Infinity,
  });
}
