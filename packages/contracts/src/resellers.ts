/** Resellers: users who see their own subscribers alone. */
import { z } from 'zod';
import { accountNameSchema, lineSchema, moneySchema, rowVersionSchema } from './panel-primitives.ts';
import { timestampSchema } from './primitives.ts';

export const resellerSchema = z.object({
  id: z.int(),
  username: z.string(),
  display_name: z.string(),
  is_active: z.boolean(),
  subscriber_count: z.int(),
  /** The sum of the transactions, in minor units. */
  balance_minor: moneySchema,
  created_at: timestampSchema,
  row_version: rowVersionSchema,
});
export type Reseller = z.infer<typeof resellerSchema>;

const passwordSchema = z
  .string()
  .min(8, 'The password must have at least 8 characters.')
  .max(1_000, 'The password may have at most 1000 characters.');

export const createResellerBodySchema = z
  .object({ username: accountNameSchema, display_name: lineSchema('The name', 100), password: passwordSchema })
  .strict();
export type CreateResellerBody = z.infer<typeof createResellerBodySchema>;

export const changeResellerBodySchema = z
  .object({
    row_version: rowVersionSchema,
    display_name: lineSchema('The name', 100).optional(),
    /** False: he can no longer sign in; his subscribers stay. */
    is_active: z.boolean().optional(),
    password: passwordSchema.optional(),
  })
  .strict();
export type ChangeResellerBody = z.infer<typeof changeResellerBodySchema>;

export const resellerListReplySchema = z.object({ resellers: z.array(resellerSchema) });
