/** Subscribers: PPPoE accounts. A password goes in and never comes out. */
import { z } from 'zod';
import { cursorSchema, flagSchema, matchesSchema, pageLimitSchema } from './paging.ts';
import { accountNameSchema, idSchema, noteSchema, rowVersionSchema, textSchema } from './panel-primitives.ts';
import { timestampSchema } from './primitives.ts';

export const subscriberSchema = z.object({
  id: z.int(),
  username: z.string(),
  /** Whether one is stored; it is never shown. */
  has_password: z.boolean(),
  service_id: z.int().nullable(),
  service_name: z.string().nullable(),
  reseller_id: z.int().nullable(),
  reseller_name: z.string().nullable(),
  expires_at: timestampSchema.nullable(),
  is_active: z.boolean(),
  /** A session is open for it, as RADIUS accounting has it. */
  is_online: z.boolean(),
  note: z.string(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  /** Rises with each change; a change names the one that it was made on. */
  row_version: rowVersionSchema,
});
export type Subscriber = z.infer<typeof subscriberSchema>;

/** Kept for RADIUS, so it is stored encrypted and not hashed; longer ones do not fit into a PAP packet. */
export const subscriberPasswordSchema = z
  .string()
  .min(1, 'The password is empty.')
  .max(128, 'The password may have at most 128 characters.')
  .regex(/^[\x20-\x7e]+$/, 'The password may hold only printable ASCII characters: routers send no others alike.');

const fields = {
  service_id: idSchema.nullable().optional(),
  /** Admins only; a reseller's subscribers are his own. */
  reseller_id: idSchema.nullable().optional(),
  /** Absent with a service that has a validity: counted from now. */
  expires_at: timestampSchema.nullable().optional(),
  is_active: z.boolean().optional(),
};

export const createSubscriberBodySchema = z
  .object({ username: accountNameSchema, password: subscriberPasswordSchema.optional(), ...fields, note: noteSchema })
  .strict();
export type CreateSubscriberBody = z.infer<typeof createSubscriberBodySchema>;

/** Only what is named is changed. */
export const changeSubscriberBodySchema = z
  .object({
    row_version: rowVersionSchema,
    username: accountNameSchema.optional(),
    password: subscriberPasswordSchema.optional(),
    ...fields,
    note: textSchema('The note', 1_000).optional(),
  })
  .strict();
export type ChangeSubscriberBody = z.infer<typeof changeSubscriberBodySchema>;

export const subscriberStateSchema = z.enum(['active', 'inactive', 'expired', 'expiring', 'online']);
export const subscriberSortSchema = z.enum(['newest', 'username', 'expires_at']);

const filters = {
  search: textSchema('The search', 64).default(''),
  /** `expiring`: within the next 7 days. */
  state: subscriberStateSchema.optional(),
  service_id: z.coerce.number().pipe(idSchema).optional(),
  reseller_id: z.coerce.number().pipe(idSchema).optional(),
};

export const listSubscribersQuerySchema = z.object({
  ...filters,
  sort: subscriberSortSchema.default('newest'),
  descending: flagSchema.default(false),
  cursor: cursorSchema.optional(),
  limit: pageLimitSchema,
});
export type ListSubscribersQuery = z.infer<typeof listSubscribersQuerySchema>;

export const exportSubscribersQuerySchema = z.object(filters);
export type SubscriberFilters = z.infer<typeof exportSubscribersQuerySchema>;

export const subscriberListReplySchema = z.object({
  subscribers: z.array(subscriberSchema),
  next: z.string().nullable(),
  matches: matchesSchema,
});
export type SubscriberListReply = z.infer<typeof subscriberListReplySchema>;

/** Of a deletion: the version that was seen. */
export const rowVersionBodySchema = z.object({ row_version: rowVersionSchema }).strict();
