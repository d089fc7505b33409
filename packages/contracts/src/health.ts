/** GET /health: 200 while the process serves, whatever the database does (DESIGN §5). */
import { z } from 'zod';
import { roleSchema } from './roles.ts';

export const healthReplySchema = z.object({ status: z.literal('ok'), role: roleSchema, version: z.string() });
export type HealthReply = z.infer<typeof healthReplySchema>;
