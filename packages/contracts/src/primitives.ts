/** Small schemas that the other contracts are built from. Times on the wire are ISO 8601 in UTC. */
import { z } from 'zod';

export const timestampSchema = z.iso.datetime({ offset: true });
export const uuidSchema = z.uuid();
export const lsnSchema = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i, 'An LSN looks like 16/B374D848.');
export const nodeIdSchema = z.int().positive();
export const termSchema = z.int().nonnegative();
export const percentSchema = z.number().min(0).max(100);
export const portSchema = z.int().min(1).max(65_535);

/** 64 hexadecimal characters. White space around a pasted secret is trimmed; anything else is refused before it is sent. */
export const clusterSecretSchema = z
  .string({ error: 'The cluster secret is missing.' })
  .trim()
  .superRefine((value, context) => {
    if (value.length !== 64) {
      context.addIssue({
        code: 'custom',
        message: `The cluster secret must be exactly 64 hexadecimal characters; this one has ${String(value.length)}.`,
      });
      return;
    }
    if (!/^[0-9a-f]+$/i.test(value)) {
      context.addIssue({
        code: 'custom',
        message: 'The cluster secret may hold only the characters 0–9 and a–f; this one holds others.',
      });
    }
  })
  .transform((value) => value.toLowerCase());

// C0 and C1 controls: a name is one line of text, and it ends up in scripts and logs.
// eslint-disable-next-line no-control-regex -- the control characters are exactly what is searched for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

export const displayNameSchema = z
  .string()
  .trim()
  .min(1, 'The display name is empty.')
  .max(100, 'The display name may have at most 100 characters.')
  .refine((name) => !controlCharacters.test(name), 'The display name must be one line without control characters.');

/** A host, host:port or http(s) URL, as typed by a person; taken apart by the server (DESIGN §5). */
export const addressSchema = z
  .string({ error: 'The address is missing.' })
  .trim()
  .min(1, 'The address is empty.')
  .max(255, 'The address may have at most 255 characters.')
  .refine((value) => !/\s/.test(value) && !controlCharacters.test(value), 'The address must not contain white space.');

export const reasonTextSchema = z.string().trim().max(500, 'The reason may have at most 500 characters.');

/** One "why": a closed code for programs and a sentence for people (DESIGN §9: reasons, not booleans). */
export const reasonSchema = z.object({ code: z.string(), sentence: z.string() });
export type Reason = z.infer<typeof reasonSchema>;

export const emptyBodySchema = z.object({}).strict();
export const okReplySchema = z.object({ ok: z.literal(true) });
