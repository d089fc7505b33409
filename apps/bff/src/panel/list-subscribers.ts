/** Subscribers, newest first; answered by the local database, on main and on a secondary alike. */
import type { QueryOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import type { SubscriberStore } from './ports.ts';

/** Faults: DATABASE_DOWN. */
export async function listSubscribers(
  deps: { readonly subscribers: SubscriberStore },
  query: QueryOf<'listSubscribers'>,
): Promise<ReplyOf<'listSubscribers'>> {
  return deps.subscribers.list(query);
}
