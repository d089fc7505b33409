/** A new subscriber; a reseller's is his own, and one with a service lasts as long as the service says. */
import type { User } from '@proxpanel/contracts/auth';
import type { BodyOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import { endOfValidity, writtenValues, type SubscriberDeps } from './subscriber-values.ts';

/** Faults: DUPLICATE, ADMIN_ONLY, NOT_AVAILABLE, NOT_FOUND for the service, READ_ONLY, DATABASE_DOWN. */
export async function createSubscriber(
  deps: SubscriberDeps,
  user: User,
  body: BodyOf<'createSubscriber'>,
): Promise<ReplyOf<'createSubscriber'>> {
  const values = { ...writtenValues(deps, user, body), username: body.username };
  const service = body.service_id === undefined || body.service_id === null ? null : body.service_id;
  const expiresAt =
    body.expires_at === undefined && service !== null
      ? endOfValidity(await deps.services.find(service), deps.nowMs())
      : values.expiresAt;
  const resellerId = user.role === 'reseller' ? await deps.resellers.idOf(user.username) : values.resellerId;
  return deps.subscribers.insert({ ...values, expiresAt, resellerId }, user.username);
}
