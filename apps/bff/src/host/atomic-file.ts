/**
 * Files that are whole or not there: written beside their place, synced, renamed, and the directory synced, so that the
 * name too survives a power cut (DESIGN §3). By hand, since the usual library syncs no directory and follows links.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isFileError } from './state-directory.ts';

/** A temporary file younger than this may belong to a process that is writing it. */
const livingMs = 60_000;
const TEMPORARY = /^\.(.+)\.[0-9a-f]{12}\.new$/;

/**
 * Replaces `path` by a new file with this content and mode, of `owner` where one is given (root alone can give files away). A
 * symbolic link at `path` is replaced, never followed. Errors are those of node:fs; the old file is then untouched.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } | null = null,
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.new`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    await usingFile(file, async () => {
      if (owner !== null) await file.chown(owner.uid, owner.gid);
      // The umask may have taken bits away at the creation.
      await file.chmod(mode);
      await file.writeFile(content, 'utf8');
      await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** Gives a file that lies complete beside its place its name, synced before and after. A symbolic link is not followed. */
export async function publishFile(from: string, to: string, mode: number): Promise<void> {
  const file = await open(from, constants.O_RDWR | constants.O_NOFOLLOW);
  await usingFile(file, async () => {
    await file.chmod(mode);
    await file.sync();
  });
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Removes what an interrupted write of one of these names, or of any, has left in the directory. */
export async function removeLeftovers(directory: string, name?: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    const original = TEMPORARY.exec(entry)?.[1];
    if (original === undefined || (name !== undefined && name !== original)) continue;
    // The command line opens the same directory while the panel may be between its write and its rename.
    if (Date.now() - (await modifiedAtMs(join(directory, entry))) < livingMs) continue;
    await rm(join(directory, entry), { force: true });
  }
}

/** 0 for a file that has gone in the meantime. */
async function modifiedAtMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return 0;
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await usingFile(handle, () => handle.sync());
}

async function usingFile(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}
