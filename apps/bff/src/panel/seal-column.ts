/**
 * Secrets that have to be read again (a subscriber's password for RADIUS, a router's secret) are kept as AES-256-GCM under
 * PANEL_ENCRYPTION_KEY: what replicates, and what a backup holds, opens for nobody who has the rows alone.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { Fault } from '../fault.ts';

/** `panel_open` in the database opens this form: version, nonce, enciphered text, tag. */
const VERSION = 1;
const NONCE_BYTES = 12;

export interface ColumnSeal {
  readonly available: boolean;
  /** NOT_AVAILABLE without a key. */
  seal(text: string): Buffer;
}

/** @param keyHex 64 hexadecimal characters; null: nothing can be sealed here. */
export function createColumnSeal(keyHex: string | null): ColumnSeal {
  const key = keyHex === null ? null : Buffer.from(keyHex, 'hex');
  return {
    available: key !== null,
    seal(text) {
      if (key === null) {
        const sentence = 'This server has no PANEL_ENCRYPTION_KEY, and without one no password or secret is stored.';
        throw new Fault('NOT_AVAILABLE', sentence);
      }
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const enciphered = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, enciphered, cipher.getAuthTag()]);
    },
  };
}
