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

/** One promotion, as `cluster_promotions` and node.json hold it (SAFETY §2). */
export const promotionSchema = z.object({
  promotion_id: uuidSchema,
  term: termSchema,
  timeline: z.int(),
  fork_lsn: lsnSchema,
  node_id: nodeIdSchema,
  at: timestampSchema,
});
export type Promotion = z.infer<typeof promotionSchema>;

/** A line of the history file of a timeline: PostgreSQL knows each fork, also of a promotion that nobody wrote down. */
export const timelineForkSchema = z.object({ timeline: z.int(), left_at_lsn: lsnSchema });
export type TimelineFork = z.infer<typeof timelineForkSchema>;

/** Kept in node.json and sent to the peers: any hold that a server knows blocks its automatic failover (DESIGN §3). */
export const holdSchema = z.object({
  /** The newer of two holds, by `set_at`, is the one that counts; an ended hold is one whose `until` has passed. */
  set_at: timestampSchema,
  until: timestampSchema,
  actor: z.string(),
  reason: z.string(),
});
export type Hold = z.infer<typeof holdSchema>;

/** The last automatic failover: another one is refused for an hour unless an admin has seen it (SAFETY §4). */
export const lastFailoverSchema = z.object({ at: timestampSchema, term: termSchema, acknowledged: z.boolean() });
export type LastFailover = z.infer<typeof lastFailoverSchema>;

/** Why a returned main may not follow, with its own side's numbers (SAFETY §2). */
export const divergenceSchema = z.object({
  at: timestampSchema,
  code: z.string(),
  reason: z.string(),
  repair: z.enum(['rewind', 'base_backup']),
  own_term: termSchema,
  own_timeline: z.int().nullable(),
  own_last_lsn: lsnSchema,
  own_promotion_ids: z.array(uuidSchema),
  main_node_id: nodeIdSchema,
  main_term: termSchema,
  main_promotion_ids: z.array(uuidSchema),
  fork_lsn: lsnSchema.nullable(),
  bytes_past_fork: z.number().nonnegative().nullable(),
  /** Rows written on this server after the fork, by table, where a column says when a row was written. */
  rows_since_fork: z.array(z.object({ table: z.string(), rows: z.int().nonnegative() })),
});
export type Divergence = z.infer<typeof divergenceSchema>;

export const holdBodySchema = z.object({ until: timestampSchema, reason: reasonTextSchema.min(1) }).strict();
export const holdReplySchema = z.object({ hold: holdSchema.nullable() });
/** A hold on its way to a peer; the newer one counts. */
export const noteHoldBodySchema = z.object({ hold: holdSchema }).strict();
export const claimMainBodySchema = z
  .object({ confirm: displayNameSchema, reason: reasonTextSchema.optional() })
  .strict();
/** `confirm`: the display name of the main that is to be shut. */
export const demoteBodySchema = z.object({ confirm: displayNameSchema, reason: reasonTextSchema.optional() }).strict();
export const allowAsyncBodySchema = z.object({ confirm: displayNameSchema }).strict();

/**
 * Main to the candidate. `rehearse`: are you able? Nothing is changed. `check`: the same, and make ready (slots, pg_hba, no
 * reader holds up replay). `take_over`: main is shut, and this is its last LSN; ask for the grant once you hold it.
 */
export const prepareBodySchema = z
  .object({
    operation_id: uuidSchema,
    term: termSchema,
    candidate_node_id: nodeIdSchema,
    kind: z.enum(['switchover', 'automatic_failover']),
    stage: z.enum(['rehearse', 'check', 'take_over']),
    actor: z.string().max(100),
    reason: reasonTextSchema.nullable(),
    /** Only with `take_over`. null: main's database is dead, and what was received is all that there is. */
    last_lsn: lsnSchema.nullable(),
    /** `last_lsn` is where the shutdown checkpoint begins: the candidate must have replayed beyond it. */
    last_is_checkpoint: z.boolean(),
  })
  .strict();
export type PrepareBody = z.infer<typeof prepareBodySchema>;
export const prepareReplySchema = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  replay_lsn: lsnSchema.nullable(),
});
/** The candidate to main. The point of no return: in main's node.json before it is sent (SAFETY §3). */
export const grantBodySchema = z
  .object({ operation_id: uuidSchema, term: termSchema, candidate_node_id: nodeIdSchema, received_lsn: lsnSchema })
  .strict();
export const grantReplySchema = z.object({ granted: z.boolean(), valid_ms: z.int(), reason: z.string().nullable() });
/**
 * Main to the candidate: say that the grant of this operation was not used and never will be. The candidate to main: this
 * is so, do not wait for me.
 */
export const discardBodySchema = z.object({ operation_id: uuidSchema }).strict();
export const discardReplySchema = z.object({
  discarded: z.boolean(),
  /** With `discarded`: the last term that the candidate took from the arbiter, under which nobody writes. */
  term: termSchema.default(0),
  /** The database has left recovery: roll forward. */
  promoted: z.boolean(),
});
/** Main, without its arbiter, to every listed secondary: do not promote for so long (SAFETY §3 "Arbiter away"). */
export const promiseBodySchema = z
  .object({ node_id: nodeIdSchema, term: termSchema, duration_ms: z.int().positive().max(300_000) })
  .strict();
export const promiseReplySchema = z.object({ promised: z.boolean(), reason: z.string().nullable() });
export const confirmMainBodySchema = z
  .object({ node_id: nodeIdSchema, term: termSchema, promotion_ids: z.array(uuidSchema) })
  .strict();
export const confirmMainReplySchema = z.object({ still_main: z.boolean(), reason: z.string() });

/** A rehearsal: the checks of a switchover with the estimate of its gap, one line each; nothing is changed. */
export const rehearseReplySchema = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), warning: z.boolean(), detail: z.string() })),
  /** How long writes would be shut, from the size of the database and the WAL since the last checkpoint; null: unknown. */
  estimated_gap_ms: z.number().nonnegative().nullable(),
});
export type RehearseReply = z.infer<typeof rehearseReplySchema>;
