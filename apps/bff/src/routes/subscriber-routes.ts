/** The panel's subscribers: any signed-in user (DESIGN §5). */
import type { Register } from '../http/call.ts';
import { createSubscriber } from '../panel/create-subscriber.ts';
import { listSubscribers } from '../panel/list-subscribers.ts';
import type { SubscriberStore } from '../panel/ports.ts';

export function registerSubscriberRoutes(register: Register, deps: { readonly subscribers: SubscriberStore }): void {
  register('listSubscribers', ({ query }) => listSubscribers(deps, query));
  register('createSubscriber', ({ body }) => createSubscriber(deps, body));
}
