/** Cursors of keyset pages: the last row's place, opaque to the caller. */
import { z } from 'zod';
import { Fault } from '../fault.ts';

const placeSchema = z.object({ sort: z.string(), value: z.union([z.string(), z.null()]), id: z.int() });
export type Place = z.infer<typeof placeSchema>;

export function writeCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** INVALID_REQUEST for anything that `writeCursor` did not make for this very order. */
export function readCursor(cursor: string, sort: string): Place {
  const refused = new Fault('INVALID_REQUEST', 'The cursor is none that this server gave for this order.', {
    field: 'cursor',
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Whatever is wrong with it, the caller is told the same.
    throw refused;
  }
  const place = placeSchema.safeParse(parsed);
  if (!place.success || place.data.sort !== sort) throw refused;
  return place.data;
}
