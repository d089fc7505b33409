/** The first page's figures; the server keeps its counts for 30 s, so asking more often would show the same. */
import { useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

export function useDashboard() {
  return useQuery({
    queryKey: queryKeys.dashboard,
    queryFn: ({ signal }) => call('dashboard', { signal }),
    refetchInterval: 15_000,
    refetchIntervalInBackground: false,
  });
}
