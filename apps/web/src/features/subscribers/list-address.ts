/** What the list shows stands in the page's address, so that it can be kept, sent and gone back to. */
import type { QueryInputOf } from '@proxpanel/contracts/endpoints';
import { listSubscribersQuerySchema, type ListSubscribersQuery } from '@proxpanel/contracts/subscribers';

export type ListView = Omit<ListSubscribersQuery, 'cursor'>;
export type ListChange = { [Name in keyof ListView]?: ListView[Name] | undefined };

const shape = listSubscribersQuerySchema.shape;
export const pageSizes = [25, 50, 100, 200] as const;
const plain: ListView = { search: '', sort: 'newest', descending: false, limit: 50 };

/** Each part by itself: one that makes no sense is left out, and the others count. */
export function viewOf(address: URLSearchParams): ListView {
  const view: Record<string, unknown> = { ...plain };
  for (const name of ['search', 'state', 'service_id', 'reseller_id', 'sort', 'descending', 'limit'] as const) {
    const text = address.get(name);
    if (text === null) continue;
    const parsed = shape[name].safeParse(text);
    if (parsed.success && parsed.data !== undefined) view[name] = parsed.data;
  }
  return view as ListView;
}

/** Only what differs from the plain list. */
export function addressOf(view: ListView): URLSearchParams {
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    if (value !== undefined && value !== '' && value !== plain[name as keyof ListView])
      address.set(name, String(value));
  }
  return address;
}

export function filtersOf({ search, state, service_id, reseller_id }: ListView): QueryInputOf<'exportSubscribers'> {
  return { search: search.trim(), state, service_id, reseller_id };
}

export function queryOf(view: ListView, cursor: string | undefined): QueryInputOf<'listSubscribers'> {
  const { sort, descending, limit } = view;
  return { ...filtersOf(view), sort, descending: descending ? 'true' : 'false', limit, cursor };
}
