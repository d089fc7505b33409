/** What the generated setup_replica.sh and rejoin.sh say to their own server (DESIGN §6.5, §8). */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

/** The phases of setup_replica.sh in their order; `failed` and `rolled_back` end a run that did not succeed. */
export const scriptPhases = [
  'preflight',
  'credential',
  'stop',
  'move_aside',
  'base_backup',
  'configure',
  'start',
  'streaming',
  'done',
] as const;
/** Those of rejoin.sh. `copy` and `rewind` are left out where only a whole clone repairs, `base_backup` where a rewind did. */
export const rejoinPhases = [
  'preflight',
  'credential',
  'source',
  'stop',
  'move_aside',
  'copy',
  'rewind',
  'base_backup',
  'configure',
  'start',
  'streaming',
  'done',
] as const;
export const scriptPhaseNameSchema = z.enum([...scriptPhases, 'source', 'copy', 'rewind', 'failed', 'rolled_back']);
export type ScriptPhaseName = z.infer<typeof scriptPhaseNameSchema>;

/** Sent as a form (application/x-www-form-urlencoded), because that is what curl can quote by itself. */
export const scriptPhaseBodySchema = z.object({
  phase: scriptPhaseNameSchema,
  state: z.enum(['running', 'completed', 'failed']),
  detail: z.string().max(2_000).default(''),
});
export type ScriptPhaseBody = z.infer<typeof scriptPhaseBodySchema>;

export const scriptRunPhaseSchema = z.object({
  phase: scriptPhaseNameSchema,
  state: z.enum(['running', 'completed', 'failed']),
  detail: z.string(),
  at: timestampSchema,
});

/** What main's pg_stat_progress_basebackup says. `percent` is null until PostgreSQL has estimated the size. */
export const cloneProgressSchema = z.object({
  phase: z.string(),
  streamed_bytes: z.int().nonnegative(),
  total_bytes: z.int().nonnegative().nullable(),
  percent: z.number().min(0).max(100).nullable(),
});
export type CloneProgress = z.infer<typeof cloneProgressSchema>;
