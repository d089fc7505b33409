/**
 * PostgreSQL's control file, read as it lies on the disk: while writes are shut, the start of pg_controldata would cost more
 * than everything else that is read. By hand, since no library reads it; whatever is not exactly as known is left to
 * pg_controldata.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** pg_control_version of PostgreSQL 13 to 16, in which the fields below lie where they are read. */
const KNOWN_LAYOUT = 1300;
const AT = { layout: 8, state: 16, checkpoint: 32, crc: 288 } as const;
/** DB_SHUTDOWNED and DB_SHUTDOWNED_IN_RECOVERY. */
const STOPPED_STATES: readonly number[] = [1, 2];

/**
 * Where the latest checkpoint record of a server that was shut down in order begins; null when the file says anything else,
 * is of another layout or machine, or cannot be read.
 */
export async function readLatestCheckpoint(dataDirectory: string): Promise<bigint | null> {
  // Whatever the reason, pg_controldata is asked then, and says it.
  const bytes = await readFile(join(dataDirectory, 'global/pg_control')).catch(() => null);
  if (bytes === null || bytes.length < AT.crc + 4) return null;
  if (bytes.readUInt32LE(AT.layout) !== KNOWN_LAYOUT) return null;
  if (bytes.readUInt32LE(AT.crc) !== crc32c(bytes.subarray(0, AT.crc))) return null;
  return STOPPED_STATES.includes(bytes.readUInt32LE(AT.state)) ? bytes.readBigUInt64LE(AT.checkpoint) : null;
}

const CASTAGNOLI = 0x82f63b78;

/** CRC-32C, which zlib does not have: bit by bit, for a few hundred bytes once in a change of main. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? CASTAGNOLI : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
