/** A subscriber as it is typed, and what is sent of it. */
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import { accountNameSchema } from '@proxpanel/contracts/panel-primitives';
import {
  changeSubscriberBodySchema,
  subscriberPasswordSchema,
  type Subscriber,
} from '@proxpanel/contracts/subscribers';
import { z } from 'zod';
import { timeInputText } from '../../ui/format.ts';
import { chosenId, optionalTime, unlessEmpty } from '../../ui/typed-fields.ts';

export const subscriberFormSchema = z.object({
  username: accountNameSchema,
  password: unlessEmpty(subscriberPasswordSchema),
  service_id: chosenId,
  reseller_id: chosenId,
  expires_at: optionalTime,
  is_active: z.boolean(),
  note: changeSubscriberBodySchema.shape.note.unwrap(),
});

export type SubscriberValues = z.input<typeof subscriberFormSchema>;
export type SubscriberOutput = z.output<typeof subscriberFormSchema>;

const idText = (id: number | null): string => (id === null ? '' : String(id));

/** The password is never there to be shown: an empty field leaves it as it is. */
export function valuesOf(subscriber: Subscriber | null): SubscriberValues {
  return {
    username: subscriber?.username ?? '',
    password: '',
    service_id: idText(subscriber?.service_id ?? null),
    reseller_id: idText(subscriber?.reseller_id ?? null),
    expires_at: timeInputText(subscriber?.expires_at ?? null),
    is_active: subscriber?.is_active ?? true,
    note: subscriber?.note ?? '',
  };
}

/** Without an expiry the server counts the service's validity; without the reseller, whom only an admin names. */
export function createBody(output: SubscriberOutput, isAdmin: boolean): BodyInputOf<'createSubscriber'> {
  const { expires_at, reseller_id, ...rest } = output;
  return {
    ...rest,
    ...(expires_at === null ? {} : { expires_at }),
    ...(isAdmin ? { reseller_id } : {}),
  };
}
