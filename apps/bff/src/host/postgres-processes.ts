/** PostgreSQL's processes and files on this machine, as /proc and the data directory show them. */
import { readFile, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isFileError } from './state-directory.ts';

const unseen = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ESRCH'];

/** null where there is nothing, or nothing that this process may see. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isFileError(error, ...unseen)) return null;
    throw error;
  }
}

/** Number of the living postmaster of this directory: postmaster.pid alone proves nothing after a crash. */
export async function findPostmaster(dataDirectory: string): Promise<number | null> {
  const file = await orNull(readFile(join(dataDirectory, 'postmaster.pid'), 'utf8'));
  const pid = Number(file?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const directory = await orNull(realpath(dataDirectory));
  return directory !== null && (await isPostgresIn(directory, pid)) ? pid : null;
}

/**
 * Processes of PostgreSQL that work in this directory, the postmaster or what it left behind; the guard is none of them.
 * null when this process cannot know: the directory is not visible, or not ours and we are not root.
 */
export async function countPostgresProcesses(dataDirectory: string): Promise<number | null> {
  const owner = await ownerOf(dataDirectory);
  const directory = await orNull(realpath(dataDirectory));
  if (owner === null || directory === null || ![0, owner.uid].includes(process.getuid?.() ?? -1)) return null;
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => isPostgresIn(directory, pid)));
  return found.filter(Boolean).length;
}

async function isPostgresIn(directory: string, pid: number): Promise<boolean> {
  // A zombie has neither: it holds nothing and writes nothing.
  if ((await orNull(readlink(`/proc/${pid}/cwd`))) !== directory) return false;
  const program = await orNull(readlink(`/proc/${pid}/exe`));
  return program !== null && basename(program.replace(/ \(deleted\)$/, '')) === 'postgres';
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export async function ownerOf(dataDirectory: string): Promise<Owner | null> {
  const stats = await orNull(stat(dataDirectory));
  return stats === null ? null : { uid: stats.uid, gid: stats.gid };
}

/** Where the server writes what it says before its own log is open; null when that is no file. */
export async function findServerLog(postmaster: number): Promise<string | null> {
  const path = await orNull(readlink(`/proc/${postmaster}/fd/1`));
  const stats = path === null ? null : await orNull(stat(path));
  return stats?.isFile() === true ? path : null;
}

export interface LastStart {
  readonly binDirectory: string;
  /** Without the data directory. */
  readonly args: readonly string[];
}

/** The command line of the last start, which PostgreSQL keeps in postmaster.opts, also while it is stopped. */
export async function readLastStart(dataDirectory: string): Promise<LastStart | null> {
  const text = await orNull(readFile(join(dataDirectory, 'postmaster.opts'), 'utf8'));
  return text === null ? null : parseLastStart(text);
}

/** `program "argument" "argument"`, in one line; PostgreSQL escapes nothing in it. */
export function parseLastStart(text: string): LastStart | null {
  const [, program, rest] = /^(\/.+?)(?: "(.*)")?\s*$/s.exec(text.replace(/\n$/, '')) ?? [];
  if (program === undefined) return null;
  const args: string[] = [];
  const words = rest === undefined ? [] : rest.split('" "');
  for (let index = 0; index < words.length; index += 1) {
    if (words[index] === '-D') index += 1;
    else args.push(words[index] ?? '');
  }
  return { binDirectory: dirname(program), args };
}
