/** How values of PostgreSQL arrive in TypeScript: as the contracts have them on the wire. */
import pg from 'pg';

const INT8 = 20;
const TIMESTAMPTZ = 1184;

const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ) as (text: string) => Date;

/** bigint → number, loud above 2^53, since a rounded counter or id would be wrong in silence. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The bigint ${text} does not fit into a JavaScript number.`);
  return value;
}

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: parseInt8,
  // ISO 8601 in UTC, milliseconds: what `timestampSchema` takes.
  [TIMESTAMPTZ]: (text) => parseTimestamp(text).toISOString(),
};

/** Given to every connection of this room; the driver's global parsers stay as they are. */
export const sqlTypes: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    const own = format === 'binary' ? undefined : parsers[oid];
    return own ?? (pg.types.getTypeParser(oid, format) as unknown);
  },
};

/** `16/B374D848` → bytes since the start of WAL. null stays null. */
export function parseLsn(text: string | null): bigint | null {
  if (text === null) return null;
  const [high, low] = text.split('/');
  return (BigInt(`0x${high ?? ''}`) << 32n) + BigInt(`0x${low ?? ''}`);
}
