/** Services: what a subscriber has bought. */
import { z } from 'zod';
import { bytesSchema, lineSchema, priceSchema, rowVersionSchema, speedKbpsSchema } from './panel-primitives.ts';
import { timestampSchema } from './primitives.ts';

export const expiryUnitSchema = z.enum(['hour', 'day', 'week', 'month', 'year']);

const poolSchema = z
  .string()
  .trim()
  .max(64, 'The pool may have at most 64 characters.')
  .regex(/^[A-Za-z0-9._-]*$/, 'The pool may hold only letters, digits and . _ -');

const fields = z.object({
  name: lineSchema('The name', 100),
  download_kbps: speedKbpsSchema,
  upload_kbps: speedKbpsSchema,
  /** null: unlimited. */
  daily_quota_bytes: bytesSchema.nullable(),
  monthly_quota_bytes: bytesSchema.nullable(),
  price_minor: priceSchema,
  /** How long it lasts once it is sold; null: without end. */
  expiry_value: z.int().min(1, 'The validity is at least 1.').max(1_000, 'The validity is at most 1000.').nullable(),
  expiry_unit: expiryUnitSchema,
  /** Address pool of the router; empty: the router's own choice. */
  pool: poolSchema,
});

export const serviceSchema = fields.extend({
  id: z.int(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  row_version: rowVersionSchema,
});
export type Service = z.infer<typeof serviceSchema>;

export const createServiceBodySchema = fields
  .extend({
    daily_quota_bytes: bytesSchema.nullable().default(null),
    monthly_quota_bytes: bytesSchema.nullable().default(null),
    price_minor: priceSchema.default(0),
    expiry_value: fields.shape.expiry_value.default(null),
    expiry_unit: expiryUnitSchema.default('month'),
    pool: poolSchema.default(''),
  })
  .strict();
export type CreateServiceBody = z.infer<typeof createServiceBodySchema>;

export const changeServiceBodySchema = fields.partial().extend({ row_version: rowVersionSchema }).strict();
export type ChangeServiceBody = z.infer<typeof changeServiceBodySchema>;

export const serviceListReplySchema = z.object({ services: z.array(serviceSchema) });
