/** Reads pictures of UPLOADS_DIR and believes none whose bytes do not have the hash that its name says. */
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Upload } from '@proxpanel/contracts/uploads';
import { isFileError } from './state-directory.ts';
import { pictureName } from './upload-names.ts';

/** A file that was found whole, until it is another one. */
interface Seen {
  readonly stamp: string;
  readonly bytes: Buffer | null;
}

export interface PictureReader {
  /** null when it is not there, or not whole. All callers share the same bytes, however slowly they take them. */
  read(upload: Upload): Promise<Buffer | null>;
  /** Hashed once for each file, not at each call. */
  isWhole(upload: Upload): Promise<boolean>;
  forget(name: string): void;
}

export function createPictureReader(directory: string): PictureReader {
  const seen = new Map<string, Seen>();
  const readAs = async (upload: Upload, keep: boolean): Promise<Buffer | null> => {
    const name = pictureName(upload);
    const stamp = await stampOf(join(directory, name), upload.size_bytes);
    const before = seen.get(name);
    if (stamp !== null && before?.stamp === stamp && before.bytes !== null) return before.bytes;
    const bytes = stamp === null ? null : await readPlainFile(join(directory, name));
    if (stamp === null || bytes === null || hash('sha256', bytes) !== upload.sha256) {
      seen.delete(name);
      return null;
    }
    seen.set(name, { stamp, bytes: keep ? bytes : null });
    return bytes;
  };
  return {
    read: (upload) => readAs(upload, true),
    async isWhole(upload) {
      const name = pictureName(upload);
      const stamp = await stampOf(join(directory, name), upload.size_bytes);
      if (stamp !== null && seen.get(name)?.stamp === stamp) return true;
      return (await readAs(upload, false)) !== null;
    },
    forget: (name) => void seen.delete(name),
  };
}

/** null for a file that is not there, and for a symbolic link. */
export async function readPlainFile(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path, { flag: constants.O_RDONLY | constants.O_NOFOLLOW });
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'ELOOP')) return null;
    throw error;
  }
}

/** null for a file that is not there. */
export async function sizeOfFile(path: string): Promise<number | null> {
  return (await statOf(path))?.size ?? null;
}

/** Which file of this size it is; null for none and for another size. */
async function stampOf(path: string, sizeBytes: number): Promise<string | null> {
  const found = await statOf(path);
  return found?.size === sizeBytes ? `${String(found.ino)} ${String(found.mtimeMs)}` : null;
}

async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return null;
    throw error;
  }
}
