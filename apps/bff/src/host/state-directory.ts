/** STATE_DIR and its sub-directories: this user's alone, since node.json holds every secret of the cluster. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { Fault, messageOf } from '../fault.ts';

/** Makes the directory, or closes an existing one to others (0700). HOST_FAULT in one sentence when it cannot. */
export async function openPrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    throw new Fault('HOST_FAULT', `The state directory ${path} cannot be used: ${messageOf(error)}.`, { cause: error });
  }
}

/** True for an error of node:fs with one of these codes. */
export function isFileError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
