/** A place in PostgreSQL's write-ahead log: an unsigned 64-bit byte count. */
export type Lsn = bigint;

const TEXT = /^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/;
const HALF_BITS = 32n;
const HALF_MASK = 0xffff_ffffn;
const MAX_LSN = 0xffff_ffff_ffff_ffffn;

/**
 * Reads PostgreSQL's text form, two hexadecimal halves: `16/B374D848`.
 *
 * @throws RangeError when the text is not an LSN.
 */
export function parseLsn(text: string): bigint {
  if (!TEXT.test(text)) throw new RangeError(`Not an LSN: ${JSON.stringify(text.slice(0, 40))}`);
  const slash = text.indexOf('/');
  const high = BigInt(`0x${text.slice(0, slash)}`);
  return (high << HALF_BITS) | BigInt(`0x${text.slice(slash + 1)}`);
}

/**
 * Writes PostgreSQL's own text form: upper case, no leading zeros (`0/3000060`).
 *
 * @throws RangeError outside of 64 bits.
 */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn > MAX_LSN) throw new RangeError(`Not an LSN: ${lsn.toString()}`);
  return `${hex(lsn >> HALF_BITS)}/${hex(lsn & HALF_MASK)}`;
}

function hex(half: bigint): string {
  return half.toString(16).toUpperCase();
}

/**
 * How many bytes `behind` has still to go until `ahead`; 0, never negative, when it is already past it. Exact up to
 * 2^53 bytes (9 PB), which no standby is behind.
 */
export function lsnDistanceBytes(ahead: bigint, behind: bigint): number {
  return ahead > behind ? Number(ahead - behind) : 0;
}
