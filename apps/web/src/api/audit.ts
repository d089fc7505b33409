/** Who did what. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

export function useAuditLog(query: { cursor: string | undefined; limit: number }) {
  return useQuery({
    queryKey: queryKeys.audit(query),
    queryFn: ({ signal }) => call('listAudit', { signal, query }),
    placeholderData: keepPreviousData,
  });
}
