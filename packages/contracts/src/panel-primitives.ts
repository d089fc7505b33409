/** Small schemas of the panel's own records. Money is in minor units (cents), traffic in bytes, speeds in kbit/s. */
import { z } from 'zod';

// eslint-disable-next-line no-control-regex -- the control characters are exactly what is searched for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Of what is absent; what is there and no text is told so in zod's own words. */
export function missing(what: string) {
  return ({ input }: { readonly input?: unknown }) => (input === undefined ? `${what} is missing.` : undefined);
}

/** One line of text, as a person typed it. */
export function lineSchema(what: string, longest: number) {
  return z
    .string({ error: missing(what) })
    .trim()
    .min(1, `${what} is empty.`)
    .max(longest, `${what} may have at most ${String(longest)} characters.`)
    .refine((text) => !controlCharacters.test(text), `${what} must be one line without control characters.`);
}

/** What RADIUS and a router take as a name without quoting. */
export const accountNameSchema = z
  .string({ error: missing('The user name') })
  .trim()
  .min(1, 'The user name is empty.')
  .max(64, 'The user name may have at most 64 characters.')
  .regex(/^[A-Za-z0-9._@-]+$/, 'The user name may hold only letters, digits and . _ @ -');

/** Of a row: what an integer column of PostgreSQL holds. */
export const idSchema = z.int().positive().max(2_147_483_647, 'No row has such a number.');
export const rowVersionSchema = z.int().nonnegative();
export const bytesSchema = z.int().nonnegative().max(Number.MAX_SAFE_INTEGER);
export const speedKbpsSchema = z
  .int()
  .min(1, 'A speed is at least 1 kbit/s.')
  .max(100_000_000, 'A speed is at most 100 Gbit/s.');
export const moneySchema = z.int().min(-1_000_000_000_000).max(1_000_000_000_000);
export const priceSchema = z
  .int()
  .nonnegative('A price is not negative.')
  .max(1_000_000_000_000, 'The price is too high.');

/** Several lines of text; PostgreSQL keeps no NUL. */
export function textSchema(what: string, longest: number) {
  return z
    .string()
    .trim()
    .max(longest, `${what} may have at most ${String(longest)} characters.`)
    .refine((text) => !text.includes('\u0000'), `${what} must not hold NUL characters.`);
}

export const noteSchema = textSchema('The note', 1_000).default('');
