/** NAS devices: the routers that ask RADIUS. A secret goes in and never comes out. */
import { z } from 'zod';
import { lineSchema, missing, rowVersionSchema } from './panel-primitives.ts';
import { timestampSchema } from './primitives.ts';

export const nasTypeSchema = z.enum(['mikrotik', 'cisco', 'juniper', 'other']);

const fields = z.object({
  name: lineSchema('The name', 100),
  /** Of the router, as RADIUS sees it: an address, or a network in CIDR form. */
  address: z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
    error: ({ input }) =>
      input === undefined
        ? 'The address is missing.'
        : 'The address must be an IP address or a network such as 10.0.0.0/24.',
  }),
  type: nasTypeSchema,
  ports: z.int().min(0).max(65_535).nullable(),
});

/** RADIUS takes any bytes; a router's command line does not. */
const radiusSecretSchema = z
  .string({ error: missing('The secret') })
  .min(8, 'The secret must have at least 8 characters.')
  .max(128, 'The secret may have at most 128 characters.')
  // FreeRADIUS writes a backslash before these two when it learns of a router, and would compare with another secret.
  .regex(
    /^[\x21-\x26\x28-\x5b\x5d-\x7e]+$/,
    "The secret may hold only printable ASCII characters without spaces, ' and \\.",
  );

export const nasSchema = fields.extend({
  id: z.int(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  row_version: rowVersionSchema,
});
export type Nas = z.infer<typeof nasSchema>;

export const createNasBodySchema = fields
  .extend({
    type: nasTypeSchema.default('mikrotik'),
    ports: fields.shape.ports.default(null),
    secret: radiusSecretSchema,
  })
  .strict();
export type CreateNasBody = z.infer<typeof createNasBodySchema>;

export const changeNasBodySchema = fields
  .partial()
  .extend({ row_version: rowVersionSchema, secret: radiusSecretSchema.optional() })
  .strict();
export type ChangeNasBody = z.infer<typeof changeNasBodySchema>;

export const nasListReplySchema = z.object({
  devices: z.array(nasSchema),
  /** The address that routers ask now. */
  radius_address: z.string(),
});

/** What an admin pastes into one router. */
export const routerLineReplySchema = z.object({ name: z.string(), line: z.string() });
