/**
 * The closed list of error codes and the HTTP status each one travels with (DESIGN §5).
 * A caller may switch on a code; the sentence beside it is for people and may be reworded.
 */
import { z } from 'zod';

export const errorStatusByCode = {
  // The request itself.
  INVALID_REQUEST: 400,
  INVALID_JSON: 400,
  INVALID_SECRET_FORMAT: 400,
  BODY_TOO_LARGE: 413,
  NOT_AN_IMAGE: 415,
  UNSUPPORTED_MEDIA_TYPE: 415,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  TOO_MANY_REQUESTS: 429,
  // Who is asking.
  NOT_SIGNED_IN: 401,
  BAD_CREDENTIALS: 401,
  ADMIN_ONLY: 403,
  CROSS_SITE: 403,
  // Servers speaking to each other.
  SECRET_MISMATCH: 403,
  BAD_TOKEN: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REPLAYED: 401,
  TOKEN_SPENT: 403,
  CLOCK_SKEW: 401,
  NODE_REMOVED: 410,
  NODE_UNKNOWN: 404,
  STALE_TERM: 409,
  BAD_REPLY: 502,
  // The state of this server or of the cluster.
  READ_ONLY: 503,
  DATABASE_DOWN: 503,
  REDIS_DOWN: 503,
  STARTING: 503,
  NOT_MAIN: 409,
  NOT_SECONDARY: 409,
  NOT_CONFIGURED: 409,
  ALREADY_CONFIGURED: 409,
  ALREADY_JOINED: 409,
  SAME_SERVER: 409,
  VERSION_MISMATCH: 409,
  POSTGRES_MISMATCH: 409,
  PREFLIGHT_FAILED: 409,
  BUSY: 409,
  BLOCKED: 409,
  CONFIRMATION_NEEDED: 409,
  NOT_AVAILABLE: 409,
  GRANT_REFUSED: 409,
  LEASE_HELD: 409,
  ARBITER_AWAY: 503,
  DUPLICATE: 409,
  /** Somebody else has changed the row since it was read. */
  ROW_CHANGED: 409,
  /** Something else still refers to it. */
  IN_USE: 409,
  // The other server, seen from here.
  MAIN_UNRESOLVABLE: 502,
  MAIN_UNREACHABLE: 502,
  MAIN_TIMEOUT: 504,
  MAIN_IS_SECONDARY: 409,
  MAIN_REFUSED: 502,
  // Faults of this server.
  SHUTTING_DOWN: 503,
  HOST_FAULT: 500,
  INTERNAL: 500,
} as const;

export type ErrorCode = keyof typeof errorStatusByCode;

export const errorCodeSchema = z.enum(Object.keys(errorStatusByCode) as [ErrorCode, ...ErrorCode[]]);

/** The body of every reply that is not 2xx. `field` names the input at fault, where there is one. */
export const errorReplySchema = z.object({
  error: z.string(),
  code: errorCodeSchema,
  field: z.string().optional(),
  /** Only with CLOCK_SKEW: the caller signs this nonce instead of relying on its clock (SAFETY §5). */
  nonce: z.string().optional(),
  /** Only with BLOCKED and CONFIRMATION_NEEDED: why, one sentence each. */
  reasons: z.array(z.object({ code: z.string(), sentence: z.string() })).optional(),
});
export type ErrorReply = z.infer<typeof errorReplySchema>;
