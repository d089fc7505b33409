/** The first page: counts, and how this server is. */
import { z } from 'zod';
import { percentSchema, timestampSchema } from './primitives.ts';

export const dashboardReplySchema = z.object({
  /** When the counts were made: they are kept for 30 s. */
  counted_at: timestampSchema,
  /** `cache`: from Redis; `database`: counted now. */
  source: z.enum(['cache', 'database']),
  subscribers: z.object({
    total: z.int(),
    online: z.int(),
    active: z.int(),
    expired: z.int(),
    expiring_in_7_days: z.int(),
  }),
  sessions: z.object({ open: z.int(), started_today: z.int() }),
  /** Of this very server; admins only. */
  server: z
    .object({
      cpu_percent: percentSchema.nullable(),
      memory_percent: percentSchema.nullable(),
      disk_percent: percentSchema.nullable(),
    })
    .nullable(),
});
export type DashboardReply = z.infer<typeof dashboardReplySchema>;
