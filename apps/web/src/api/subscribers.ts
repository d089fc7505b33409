/** The subscribers list and its form. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from './client.ts';
import { queryKeys } from './query-keys.ts';

/** Subscribers whose name matches, newest first; the list before stays while the next one loads. */
export function useSubscribers(search: string) {
  return useQuery({
    queryKey: queryKeys.subscribers(search),
    queryFn: ({ signal }) => call('listSubscribers', { signal, query: { search } }),
    placeholderData: keepPreviousData,
  });
}

export function useCreateSubscriber() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: BodyInputOf<'createSubscriber'>) => call('createSubscriber', { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.allSubscribers }),
  });
}
