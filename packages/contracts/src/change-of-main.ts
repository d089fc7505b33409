/** Calls of a planned or automatic change of main (SAFETY §3, §4). */
import { z } from 'zod';
import {
  displayNameSchema,
  lsnSchema,
  nodeIdSchema,
  reasonTextSchema,
  termSchema,
  timestampSchema,
  uuidSchema,
} from './primitives.ts';

export const holdBodySchema = z.object({ until: timestampSchema, reason: reasonTextSchema.min(1) }).strict();
export const holdReplySchema = z.object({
  hold: z.object({ actor: z.string(), reason: z.string(), until: timestampSchema }).nullable(),
});
export const claimMainBodySchema = z
  .object({ confirm: displayNameSchema, reason: reasonTextSchema.optional() })
  .strict();
export const allowAsyncBodySchema = z.object({ confirm: displayNameSchema }).strict();

export const prepareBodySchema = z
  .object({ operation_id: uuidSchema, term: termSchema, candidate_node_id: nodeIdSchema })
  .strict();
export const prepareReplySchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  replay_lsn: lsnSchema.nullable(),
});
export const grantBodySchema = z
  .object({ operation_id: uuidSchema, term: termSchema, candidate_node_id: nodeIdSchema, received_lsn: lsnSchema })
  .strict();
export const grantReplySchema = z.object({ granted: z.boolean(), valid_ms: z.int(), reason: z.string().nullable() });
export const discardBodySchema = z.object({ operation_id: uuidSchema }).strict();
export const discardReplySchema = z.object({ discarded: z.boolean() });
export const promiseBodySchema = z
  .object({ node_id: nodeIdSchema, term: termSchema, duration_ms: z.int().positive() })
  .strict();
export const promiseReplySchema = z.object({ promised: z.boolean(), reason: z.string().nullable() });
export const confirmMainBodySchema = z
  .object({ node_id: nodeIdSchema, term: termSchema, promotion_ids: z.array(uuidSchema) })
  .strict();
export const confirmMainReplySchema = z.object({ still_main: z.boolean(), reason: z.string() });
