/** A new subscriber: the cluster's first payload. */
import type { BodyOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import type { SubscriberStore } from './ports.ts';

/** Faults: DUPLICATE, READ_ONLY, DATABASE_DOWN. */
export async function createSubscriber(
  deps: { readonly subscribers: SubscriberStore },
  subscriber: BodyOf<'createSubscriber'>,
): Promise<ReplyOf<'createSubscriber'>> {
  return deps.subscribers.insert(subscriber.username);
}
