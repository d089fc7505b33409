/** How long sessions last, and those that ended before their time, on their way from a secondary to main. */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';

/** An access token is good for 15 minutes. */
export const ACCESS_LIFETIME_MS = 15 * 60_000;
/** A session ends 30 days after its sign-in, however often it was refreshed. */
export const SESSION_LIFETIME_MS = 30 * 24 * 3_600_000;

/** `jti`: the session's id, which all its tokens carry; `expires_at`: when it would have ended by itself. */
export const revocationSchema = z.object({ jti: z.uuid(), expires_at: timestampSchema });
export type Revocation = z.infer<typeof revocationSchema>;

/** More than these come in several calls. */
export const REVOCATIONS_PER_CALL = 500;
export const takeRevocationsBodySchema = z
  .object({ revocations: z.array(revocationSchema).min(1).max(REVOCATIONS_PER_CALL) })
  .strict();
