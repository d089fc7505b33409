/** Passwords on their way between servers: a JWE under a key of the cluster secret, so that plain http gives nothing away. */
import { createHmac } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import type { SealPort } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { deriveKey } from './cluster-token.ts';

/** JWE compact, `dir` with A256GCM (DESIGN §5). */
export function createSeal(): SealPort {
  return {
    seal,
    open,
    prove: (secret, text) => createHmac('sha256', deriveKey(secret, 'comparing')).update(text).digest('base64url'),
  };
}

async function seal(secret: string, payload: unknown): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(deriveKey(secret, 'sealing'));
}

async function open(secret: string, sealed: string): Promise<unknown> {
  const key = deriveKey(secret, 'sealing');
  let plaintext: Uint8Array;
  try {
    ({ plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    }));
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new Fault('SECRET_MISMATCH', 'The sealed reply was not made with this cluster secret.');
  }
  return JSON.parse(new TextDecoder().decode(plaintext));
}
