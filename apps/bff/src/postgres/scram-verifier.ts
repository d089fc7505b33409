/**
 * SCRAM-SHA-256 verifiers in PostgreSQL's form (RFC 5803), made here so that a plain password never stands in a
 * statement: with log_statement=all it would stand in the server's log.
 */
import { createHash, createHmac, pbkdf2 as pbkdf2WithCallback, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const pbkdf2 = promisify(pbkdf2WithCallback);

/** PostgreSQL 15's own count. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>`, to be given to CREATE ROLE … PASSWORD.
 *
 * @throws RangeError for a password that is not printable ASCII: PostgreSQL would normalise it first (SASLprep), and a
 * verifier made without that would let nobody in. Ours are random and ASCII.
 */
export async function makeScramVerifier(password: string, salt: Buffer = randomBytes(SALT_BYTES)): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) throw new RangeError('A database password must be printable ASCII.');
  const salted = await pbkdf2(password, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether a verifier as pg_authid has it was made from this password. False for another scheme or iteration count. */
export async function scramVerifierMatches(verifier: string | null, password: string): Promise<boolean> {
  const salt = /^SCRAM-SHA-256\$4096:([A-Za-z0-9+/=]+)\$/.exec(verifier ?? '')?.[1];
  if (verifier === null || salt === undefined) return false;
  const own = Buffer.from(await makeScramVerifier(password, Buffer.from(salt, 'base64')));
  const theirs = Buffer.from(verifier);
  return own.length === theirs.length && timingSafeEqual(own, theirs);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
