import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runChecked } from './command.ts';
import { isSystemError } from './errors.ts';
import { isAlive, readProcess, workingDirectoryOf } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

/** What PostgreSQL writes into `postmaster.pid`; later lines appear as the start goes on. */
export interface PostmasterFile {
  pid: number;
  /** The System V segment that guards the data directory. */
  sharedMemory?: { key: string; id: string };
}

/** The data directory's `postmaster.pid`, or undefined when there is none. */
export function readPostmasterFile(dataDirectory: string): PostmasterFile | undefined {
  const lines = readIfThere(join(dataDirectory, 'postmaster.pid'))?.split('\n');
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 0) return undefined;
  const [key, id] = (lines[6] ?? '').trim().split(/\s+/);
  return key && id ? { pid, sharedMemory: { key, id } } : { pid };
}

/**
 * The running postmaster of this data directory, whoever started it. The file alone proves nothing after a crash, since
 * its number may belong to another process by now: the process must be a postgres that works in this very directory.
 */
export function findPostmaster(dataDirectory: string): ProcessIdentity | undefined {
  const file = readPostmasterFile(dataDirectory);
  const info = file && readProcess(file.pid);
  if (!info || !isAlive(info)) return undefined;
  return isPostgresIn(dataDirectory, info.pid) ? info : undefined;
}

/** How long the machine's first process may take to collect a dead orphan. */
const COLLECTED_WITHIN_MS = 10_000;

/**
 * Waits until the number of a killed postmaster is free: PostgreSQL takes a zombie of that number for its living old
 * self and refuses to start. Where the first process collects no orphans (npm as a container's), its number stays for
 * ever; then `postmaster.pid` and the shared memory that it names are removed.
 */
export async function forgetDeadPostmaster(dataDirectory: string, dead: ProcessIdentity): Promise<void> {
  const until = performance.now() + COLLECTED_WITHIN_MS;
  while (performance.now() < until) {
    if (readProcess(dead.pid)?.startTicks !== dead.startTicks) return;
    await delay(20);
  }
  await removeSharedMemory(dataDirectory);
  await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
}

/** A killed postmaster leaves its small System V segment; its number stands in postmaster.pid. */
export async function removeSharedMemory(dataDirectory: string): Promise<void> {
  const { sharedMemory } = readPostmasterFile(dataDirectory) ?? {};
  const segments = (readIfThere('/proc/sysvipc/shm') ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  // Columns: key, shmid, perms, size, cpid, lpid, nattch. The key tells a reused number apart.
  const left = segments.find(([key, id]) => id === sharedMemory?.id && key === sharedMemory?.key);
  if (sharedMemory && left?.[6] === '0') await runChecked(['ipcrm', '-m', sharedMemory.id]);
}

function isPostgresIn(dataDirectory: string, pid: number): boolean {
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    return program === 'postgres' && workingDirectoryOf(pid) === realpathSync(dataDirectory);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES')) return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The directory itself is away while a script moves it.
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
