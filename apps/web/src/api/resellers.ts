/** Resellers and their money. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import type { Reseller } from '@proxpanel/contracts/resellers';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { foundRow } from './found-row.ts';
import { queryKeys } from './query-keys.ts';

/** Admins only; a reseller's page does not ask. */
export function useResellers(enabled = true) {
  return useQuery({
    queryKey: queryKeys.resellers,
    queryFn: ({ signal }) => call('listResellers', { signal }),
    enabled,
  });
}

export async function readReseller({ id }: Reseller): Promise<Reseller> {
  return foundRow((await call('listResellers')).resellers, id, 'reseller');
}

export function createReseller(body: BodyInputOf<'createReseller'>) {
  return call('createReseller', { body });
}

export function changeReseller(id: number, body: BodyInputOf<'changeReseller'>) {
  return call('changeReseller', { params: { id }, body });
}

export function useTransactions(cursor: string | undefined) {
  return useQuery({
    queryKey: queryKeys.transactions(cursor ?? null),
    queryFn: ({ signal }) => call('listTransactions', { signal, query: { cursor, limit: 25 } }),
    placeholderData: keepPreviousData,
  });
}

export function createTransaction(body: BodyInputOf<'createTransaction'>) {
  return call('createTransaction', { body });
}
