/** Sessions that ended before their time, on their way from a secondary to main. */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

export const revocationSchema = z.object({ jti: z.uuid(), expires_at: timestampSchema });
export type Revocation = z.infer<typeof revocationSchema>;

/** More than these come in several calls. */
export const REVOCATIONS_PER_CALL = 500;
export const takeRevocationsBodySchema = z
  .object({ revocations: z.array(revocationSchema).min(1).max(REVOCATIONS_PER_CALL) })
  .strict();
