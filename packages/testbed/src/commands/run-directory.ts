/** Where a test run keeps the files of its servers. */
import { chmod, mkdtemp, readFile, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

/** A run holds under 2 GB at any time; the rest is for what runs. */
const NEEDED_BYTES = 6e9;
const MEMORY_DIRECTORY = '/dev/shm';

export interface Machine {
  /** `/proc/self/mounts`. */
  mounts: string;
  /** What may still be written to the memory directory. */
  freeBytes: number;
  /** What programs may still take without swapping. */
  availableMemoryBytes: number;
  /** TMPDIR, where whoever runs this has set it. */
  wanted: string | undefined;
}

/**
 * A new directory in memory, where this machine has one that is roomy and takes programs; else in the usual place. Some two
 * hundred databases are made and removed in a run: on a disk that costs a sixth more of the processor, and the wait for it.
 */
export async function makeRunDirectory(): Promise<string> {
  const directory = await mkdtemp(join(chooseParent(await lookAtMachine()), 'pxt-'));
  // The account that PostgreSQL runs as has to get in.
  await chmod(directory, 0o755);
  return directory;
}

/** The directory to make it in. Who has set TMPDIR has chosen. */
export function chooseParent({ mounts, freeBytes, availableMemoryBytes, wanted }: Machine): string {
  if (wanted !== undefined && wanted !== '') return wanted;
  const mount = mounts.split('\n').findLast((line) => line.split(' ')[1] === MEMORY_DIRECTORY);
  const [, , type, options = ''] = mount?.split(' ') ?? [];
  const takesPrograms = type === 'tmpfs' && !options.split(',').includes('noexec');
  const isRoomy = freeBytes >= NEEDED_BYTES && availableMemoryBytes >= 2 * NEEDED_BYTES;
  return takesPrograms && isRoomy ? MEMORY_DIRECTORY : tmpdir();
}

async function lookAtMachine(): Promise<Machine> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const space = mounts.includes(` ${MEMORY_DIRECTORY} `) ? await statfs(MEMORY_DIRECTORY) : undefined;
  return {
    mounts,
    freeBytes: space === undefined ? 0 : space.bavail * space.bsize,
    availableMemoryBytes: freemem(),
    wanted: process.env['TMPDIR'],
  };
}
