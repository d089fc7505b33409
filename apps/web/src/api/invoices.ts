/** Invoices, newest first. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import type { Invoice } from '@proxpanel/contracts/records';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from './client.ts';
import { usePanelChange } from './panel-changes.ts';
import { queryKeys } from './query-keys.ts';

export function useInvoices(cursor: string | undefined) {
  return useQuery({
    queryKey: queryKeys.invoices(cursor ?? null),
    queryFn: ({ signal }) => call('listInvoices', { signal, query: { cursor, limit: 25 } }),
    placeholderData: keepPreviousData,
  });
}

export function createInvoice(body: BodyInputOf<'createInvoice'>) {
  return call('createInvoice', { body });
}

export function useChangeInvoice(onSuccess: (invoice: Invoice) => void) {
  return usePanelChange(
    ({ invoice, status }: { invoice: Invoice; status: Invoice['status'] }) =>
      call('changeInvoice', { params: { id: invoice.id }, body: { row_version: invoice.row_version, status } }),
    onSuccess,
  );
}
