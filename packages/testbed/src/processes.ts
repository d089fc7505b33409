import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isSystemError } from './errors.ts';

/** A process that cannot be confused with a later one of the same number: the kernel's start time belongs to it. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. A string, because it is only ever compared. */
  startTicks: string;
}

export interface ProcessInfo extends ProcessIdentity {
  parentPid: number;
  /** One letter of the kernel: R, S, D, T, Z, X… */
  state: string;
  /** How many threads are left of it. */
  threads: number;
  /** 0 when the process has no controlling terminal. */
  terminal: number;
}

/** What /proc says about a process, or undefined when there is none of that number. */
export function readProcess(pid: number): ProcessInfo | undefined {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  // The command's name stands in brackets and may itself hold spaces and brackets: the fields start after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    terminal: Number(fields[4]),
    threads: Number(fields[17]),
    startTicks: fields[19] ?? '',
  };
}

/** All processes of this machine at this moment. */
export function listProcesses(): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const entry of readdirSync('/proc')) {
    const info = /^\d+$/.test(entry) ? readProcess(Number(entry)) : undefined;
    if (info) found.push(info);
  }
  return found;
}

/** The process's working directory; undefined when it is gone or not ours to look at. */
export function workingDirectoryOf(pid: number): string | undefined {
  return readProc(() => readlinkSync(`/proc/${pid}/cwd`));
}

/** The process's arguments, joined by blanks; undefined when it is gone. */
export function commandLineOf(pid: number): string | undefined {
  return readProc(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
}

/**
 * Whether the very process still runs. A zombie, which only waits to be collected, does not; but a zombie with threads
 * left still holds its files, listening sockets among them, until the last thread is gone.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  const info = readProcess(identity.pid);
  if (info?.startTicks !== identity.startTicks || info.state === 'X') return false;
  return info.state !== 'Z' || info.threads > 1;
}

/** Sends the signal to that very process; false when it had ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}

/** A process and all that descend from it, the eldest first. */
export function withDescendants(root: ProcessIdentity): ProcessIdentity[] {
  const family: ProcessIdentity[] = [root];
  const all = listProcesses();
  // The list grows while it is walked, so that grandchildren are found as well.
  for (const member of family) family.push(...all.filter((info) => info.parentPid === member.pid));
  return family;
}

function readProc(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    // A process may end between being listed and being read; another user's details may be closed to us.
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
