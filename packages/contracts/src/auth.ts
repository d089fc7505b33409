/** Signing in and out (DESIGN §5, "People"). */
import { z } from 'zod';
import { timestampSchema } from './primitives.ts';
import { userRoleSchema } from './roles.ts';

export const userSchema = z.object({ username: z.string(), role: userRoleSchema });
export type User = z.infer<typeof userSchema>;

export const loginBodySchema = z.object({
  username: z.string().trim().min(1, 'The user name is empty.').max(100, 'The user name is too long.'),
  password: z.string().min(1, 'The password is empty.').max(1_000, 'The password is too long.'),
});

/** The access token is good for 15 minutes; the cookie beside it, for 30 days, fetches the next one. */
export const loginReplySchema = z.object({ token: z.string(), expires_at: timestampSchema, user: userSchema });
export type LoginReply = z.infer<typeof loginReplySchema>;

export const meReplySchema = z.object({
  user: userSchema,
  /** Set after a join: from when main's accounts and passwords count here (DESIGN §6.6). */
  accounts_from_main_since: z.string().nullable(),
  /** Whether this server takes writes, why not, and where they belong. */
  writes: z.object({ allowed: z.boolean(), sentence: z.string(), main_url: z.string().nullable() }),
  /** This server can keep secrets of its own (PANEL_ENCRYPTION_KEY): without it no password of a subscriber is stored. */
  keeps_secrets: z.boolean(),
});
export type MeReply = z.infer<typeof meReplySchema>;
