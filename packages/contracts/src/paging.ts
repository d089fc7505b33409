/** Keyset pages: a page continues after its last row, whatever was inserted or removed meanwhile, and costs the same at any depth. */
import { z } from 'zod';

/** Opaque; from the `next` of the page before. */
export const cursorSchema = z.string().min(1).max(600);
export const pageLimitSchema = z.coerce.number().int().min(1).max(200).default(50);

/** How many rows match: counted up to a limit, since nobody needs to know the rest and counting a million takes long. */
export const matchesSchema = z.object({ count: z.int().nonnegative(), more: z.boolean() });
export type Matches = z.infer<typeof matchesSchema>;

/** A boolean of a query string. */
export const flagSchema = z.enum(['true', 'false']).transform((text) => text === 'true');

export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({ rows: z.array(row), next: z.string().nullable() });
}
