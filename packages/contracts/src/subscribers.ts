/** The cluster's first payload: something to protect (issue scope: a list and a form). */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

export const subscriberSchema = z.object({ id: z.int(), username: z.string(), created_at: timestampSchema });
export type Subscriber = z.infer<typeof subscriberSchema>;

export const createSubscriberBodySchema = z
  .object({
    username: z
      .string()
      .trim()
      .min(1, 'The user name is empty.')
      .max(64, 'The user name may have at most 64 characters.')
      .regex(/^[A-Za-z0-9._@-]+$/, 'The user name may hold only letters, digits and . _ @ -'),
  })
  .strict();

export const listSubscribersQuerySchema = z.object({
  search: z.string().trim().max(64).default(''),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const subscriberListReplySchema = z.object({ subscribers: z.array(subscriberSchema), total: z.int() });
export type SubscriberListReply = z.infer<typeof subscriberListReplySchema>;
