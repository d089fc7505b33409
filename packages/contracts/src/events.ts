/** cluster_events rows as the page reads them; keyset pages, newest first (DESIGN §3, §5). */
import { z } from 'zod';
import { timestampSchema, uuidSchema } from './primitives.ts';
import { eventTypeSchema, severitySchema } from './roles.ts';

export const clusterEventSchema = z.object({
  /** A random id: an event is made in the journal first and copied into the database when that can be written. */
  id: uuidSchema,
  at: timestampSchema,
  type: eventTypeSchema,
  node_id: z.int().nullable(),
  actor: z.string(),
  severity: severitySchema,
  message: z.string(),
  /** Number of the transition that caused it (DESIGN §9); null where a person did. */
  rule: z.int().nullable(),
  details: z.record(z.string(), z.unknown()),
});
export type ClusterEvent = z.infer<typeof clusterEventSchema>;

export const listEventsQuerySchema = z.object({
  /** The `cursor` of the page before. */
  before: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  type: eventTypeSchema.optional(),
});
export type ListEventsQuery = z.infer<typeof listEventsQuerySchema>;

export const eventListReplySchema = z.object({
  events: z.array(clusterEventSchema),
  /** Pass as `before` to get the next, older page; null at the end. */
  next_before: z.string().nullable(),
  /** False while the database is away: only this server's journal is shown. */
  complete: z.boolean(),
});
export type EventListReply = z.infer<typeof eventListReplySchema>;
