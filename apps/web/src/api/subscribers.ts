/** Subscribers: pages of them, one, and what one has used. */
import type { BodyInputOf, QueryInputOf } from '@proxpanel/contracts/endpoints';
import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { addressOf, call } from './client.ts';
import { usePanelChange } from './panel-changes.ts';
import { queryKeys } from './query-keys.ts';

/** One page; the page before stays while the next one loads. */
export function useSubscribers(query: QueryInputOf<'listSubscribers'>, enabled = true) {
  return useQuery({
    queryKey: queryKeys.subscribers(query),
    queryFn: ({ signal }) => call('listSubscribers', { signal, query }),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function readSubscriber(id: number, signal?: AbortSignal): Promise<Subscriber> {
  return call('readSubscriber', { params: { id }, ...(signal === undefined ? {} : { signal }) });
}

export function useSubscriber(id: number) {
  return useQuery({ queryKey: queryKeys.subscriber(id), queryFn: ({ signal }) => readSubscriber(id, signal) });
}

export function useUsage(id: number) {
  return useQuery({
    queryKey: queryKeys.usage(id),
    queryFn: ({ signal }) => call('subscriberUsage', { params: { id }, signal }),
  });
}

export function createSubscriber(body: BodyInputOf<'createSubscriber'>) {
  return call('createSubscriber', { body });
}

export function changeSubscriber(id: number, body: BodyInputOf<'changeSubscriber'>) {
  return call('changeSubscriber', { params: { id }, body });
}

export function useRemoveSubscriber(onSuccess: () => void) {
  return usePanelChange(
    ({ id, row_version }: Subscriber) => call('removeSubscriber', { params: { id }, body: { row_version } }),
    onSuccess,
  );
}

/** Where all that match are fetched as CSV. */
export function exportAddress(filters: QueryInputOf<'exportSubscribers'>): string {
  return addressOf('exportSubscribers', { query: filters });
}
