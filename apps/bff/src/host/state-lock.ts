/** One process at a time uses a STATE_DIR: node.json has one writer, and an operation one runner (DESIGN §3). */
import { spawn } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, messageOf } from '../fault.ts';
import { openPrivateDirectory } from './state-directory.ts';

const NAME = 'lock';
const LOCK_LIMIT_MS = 10_000;
/** flock(1) ends with this when another process holds the lock. */
const HELD = 1;

const holderSchema = z.object({ program: z.string(), pid: z.int(), since: z.string() });
export type StateLockHolder = z.infer<typeof holderSchema>;

export type StateLock =
  | { readonly taken: true; release(): void }
  /** Null in the instant before the holder has written its name. */
  | { readonly taken: false; readonly holder: StateLockHolder | null };

/**
 * Asks for the lock once and does not wait. It is the kernel's own (flock), on an open file of this process: it ends with
 * the process however that ends, and counts across containers that share the directory, where process ids mean nothing.
 *
 * @param program a noun phrase for others who find it taken ("the panel").
 * @throws Fault HOST_FAULT when the directory or flock(1) cannot be used.
 */
export async function takeStateLock(stateDir: string, program: string): Promise<StateLock> {
  await openPrivateDirectory(stateDir);
  const path = join(stateDir, NAME);
  const file = openLockFile(path);
  let taken = false;
  try {
    taken = await flock(file);
    if (!taken) return { taken, holder: readHolder(path) };
    ftruncateSync(file);
    writeSync(file, `${JSON.stringify({ program, pid: process.pid, since: new Date().toISOString() })}\n`, 0);
    return { taken, release: () => closeSync(file) };
  } finally {
    // A plain descriptor and no FileHandle: that would be closed, and the lock lost, once nobody refers to it.
    if (!taken) closeSync(file);
  }
}

/** BUSY, for who finds it taken. */
export function stateLockFault(stateDir: string, holder: StateLockHolder | null): Fault {
  const who =
    holder === null ? 'another process' : `${holder.program} (process ${String(holder.pid)}, since ${holder.since})`;
  return new Fault('BUSY', `STATE_DIR ${stateDir} is in use by ${who}; one process at a time may use it.`);
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new Fault('HOST_FAULT', `${path} cannot be opened: ${messageOf(error)}.`, { cause: error });
  }
}

/** Node has no flock of its own. The helper locks the open file that it shares with us, and its end leaves that locked. */
async function flock(file: number): Promise<boolean> {
  const child = spawn('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file],
    timeout: LOCK_LIMIT_MS,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('exit', resolve);
  let code: number | null;
  try {
    code = await promise;
  } catch (error) {
    throw new Fault('HOST_FAULT', `flock (package util-linux) cannot be run: ${messageOf(error)}.`, { cause: error });
  }
  if (code === 0 || code === HELD) return code === 0;
  throw new Fault('HOST_FAULT', `STATE_DIR cannot be locked: flock ended with ${String(code)}.`);
}

function readHolder(path: string): StateLockHolder | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Caught between its lock and its name: that it is held is all that counts.
    return null;
  }
}
