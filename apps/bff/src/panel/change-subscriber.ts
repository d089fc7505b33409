/** A change of a subscriber, made on the version that its author saw. */
import type { User } from '@proxpanel/contracts/auth';
import type { BodyOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import { ownerOf } from './panel-user.ts';
import { writtenValues, type SubscriberDeps } from './subscriber-values.ts';

/** Faults: ROW_CHANGED, NOT_FOUND, DUPLICATE, ADMIN_ONLY, NOT_AVAILABLE, READ_ONLY, DATABASE_DOWN. */
export async function changeSubscriber(
  deps: Pick<SubscriberDeps, 'subscribers' | 'seal'>,
  user: User,
  id: number,
  { row_version: rowVersion, ...body }: BodyOf<'changeSubscriber'>,
): Promise<ReplyOf<'changeSubscriber'>> {
  const target = { id, rowVersion, owner: ownerOf(user) };
  return deps.subscribers.update(target, writtenValues(deps, user, body), user.username);
}
