/** Long-running operations and their phases, kept in STATE_DIR/operations/<id>.json (DESIGN §3, §5). */
import { z } from 'zod';
import { displayNameSchema, nodeIdSchema, reasonTextSchema, timestampSchema, uuidSchema } from './primitives.ts';

export const phaseStateSchema = z.enum(['pending', 'running', 'completed', 'failed', 'skipped']);
export type PhaseState = z.infer<typeof phaseStateSchema>;

export const phaseSchema = z.object({
  name: z.string(),
  state: phaseStateSchema,
  started_at: timestampSchema.nullable(),
  finished_at: timestampSchema.nullable(),
  detail: z.string().nullable(),
});
export type Phase = z.infer<typeof phaseSchema>;

export const operationSchema = z.object({
  id: uuidSchema,
  kind: z.enum(['emergency_promotion', 'switchover', 'automatic_failover', 'rejoin']),
  state: z.enum(['running', 'completed', 'failed', 'rolled_back']),
  actor: z.string(),
  reason: z.string().nullable(),
  started_at: timestampSchema,
  finished_at: timestampSchema.nullable(),
  /** One sentence for a person once it has ended. */
  outcome: z.string().nullable(),
  phases: z.array(phaseSchema),
});
export type Operation = z.infer<typeof operationSchema>;

/** The steps of an emergency promotion in their order (SAFETY §3, "Promotion itself"). */
export const emergencyPromotionPhases = [
  'check',
  'fence_main',
  'prepare_candidate',
  'promote_database',
  'record_promotion',
  'checkpoint',
  'promote_redis',
  'announce',
] as const;

export const promoteBodySchema = z
  .object({
    node_id: nodeIdSchema.optional(),
    mode: z.enum(['switchover', 'emergency']),
    confirm: displayNameSchema.optional(),
    reason: reasonTextSchema.optional(),
  })
  .strict();
export type PromoteBody = z.infer<typeof promoteBodySchema>;

export const operationAcceptedSchema = z.object({ operation_id: uuidSchema });
