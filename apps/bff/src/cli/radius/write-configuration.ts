/** Puts a FreeRADIUS configuration on this host, for FreeRADIUS' account alone. */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault, messageOf } from '../../fault.ts';
import { writeFileAtomically } from '../../host/atomic-file.ts';
import { isFileError } from '../../host/state-directory.ts';
import type { ConfigurationFile } from './radius-settings.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Its secrets are read by FreeRADIUS and by nobody else. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/**
 * The account that Debian's package makes for FreeRADIUS, or null where there is none.
 *
 * @throws Fault HOST_FAULT.
 */
export async function findAccount(name: string): Promise<Account | null> {
  const entries = await attempt('/etc/passwd', 'read', () => readFile('/etc/passwd', 'utf8'));
  const fields = entries.split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = fields.find(([user]) => user === name) ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/**
 * Makes the directory where it is missing, and closes it to others. Neither it nor a file of it may be a symbolic link:
 * root writes here, and the way is not somebody else's to lay.
 *
 * @throws Fault HOST_FAULT.
 */
export async function openConfigurationDirectory(path: string, owner: Account | null): Promise<void> {
  await attempt(path, 'used', async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await mkdir(path, { mode: DIRECTORY_MODE }).catch((error: unknown) => {
      if (!isFileError(error, 'EEXIST')) throw error;
    });
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      if (owner !== null) await directory.chown(owner.uid, owner.gid);
      await directory.chmod(DIRECTORY_MODE);
    } finally {
      await directory.close();
    }
  });
}

/**
 * Writes what differs, each file whole or not at all. Resolves with the names of what was written: none when all is as it
 * should be.
 *
 * @throws Fault HOST_FAULT.
 */
export async function writeConfiguration(
  directory: string,
  files: readonly ConfigurationFile[],
  owner: Account | null,
): Promise<string[]> {
  const written: string[] = [];
  for (const { name, text } of files) {
    const path = join(directory, name);
    await attempt(path, 'written', async () => {
      if (await isAlready(path, text, owner)) return;
      await writeFileAtomically(path, text, FILE_MODE, owner);
      written.push(name);
    });
  }
  return written;
}

async function isAlready(path: string, text: string, owner: Account | null): Promise<boolean> {
  try {
    const found = await lstat(path);
    const isOwned = owner === null || (found.uid === owner.uid && found.gid === owner.gid);
    return found.isFile() && isOwned && (found.mode & 0o777) === FILE_MODE && (await readFile(path, 'utf8')) === text;
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return false;
    throw error;
  }
}

async function attempt<Result>(path: string, verb: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const reason = isFileError(error, 'ELOOP', 'ENOTDIR') ? 'it is a symbolic link or no directory' : messageOf(error);
    throw new Fault('HOST_FAULT', `${path} cannot be ${verb}: ${reason}.`, { cause: error });
  }
}
