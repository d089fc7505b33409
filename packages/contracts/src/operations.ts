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
  /**
   * `switchover` has one file on each of the two servers under one id: main's half and the candidate's. `resume_main`: a
   * main that comes back in recovery promotes itself; `hand_over`: main's database is dead, and main grants.
   */
  kind: z.enum(['emergency_promotion', 'switchover', 'automatic_failover', 'hand_over', 'resume_main', 'rejoin']),
  state: z.enum(['running', 'completed', 'failed', 'rolled_back']),
  actor: z.string(),
  reason: z.string().nullable(),
  started_at: timestampSchema,
  finished_at: timestampSchema.nullable(),
  /** One sentence for a person once it has ended. */
  outcome: z.string().nullable(),
  phases: z.array(phaseSchema),
  /** Past the point of no return: what fails now is repeated, not taken back (SAFETY §3 "Grant"). */
  granted: z.boolean().default(false),
  /** An admin promotes although the arbiter does not answer (SAFETY §3 "Arbiter away"). */
  without_arbiter: z.boolean().default(false),
});
export type Operation = z.infer<typeof operationSchema>;

export const promoteBodySchema = z
  .object({
    node_id: nodeIdSchema.optional(),
    mode: z.enum(['switchover', 'emergency']),
    confirm: displayNameSchema.optional(),
    reason: reasonTextSchema.optional(),
    /** Emergency only: promote although the arbiter does not answer. Refused while a promise runs (SAFETY §3). */
    without_arbiter: z.boolean().optional(),
  })
  .strict();
export type PromoteBody = z.infer<typeof promoteBodySchema>;

export const operationAcceptedSchema = z.object({ operation_id: uuidSchema });
