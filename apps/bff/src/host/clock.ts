/** Wall clock, and boot time (SAFETY §3). */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClockPort } from '../cluster/ports.ts';
import { isFileError } from './state-directory.ts';

const withoutProc = randomUUID();

/**
 * `bootSeconds` reads /proc/uptime, which goes on while a virtual machine is suspended; Node's own monotonic clock stops
 * there, and serves only where there is no /proc.
 */
export function createClock(): ClockPort {
  return { nowMs: () => Date.now(), bootSeconds, bootId: readBootId };
}

function bootSeconds(): number {
  try {
    // Synchronous on purpose: the file is in memory (some 10 µs), and a deadline must not be read in a later turn.
    const seconds = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
    if (Number.isFinite(seconds)) return seconds;
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) throw error;
  }
  return performance.now() / 1000;
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) throw error;
  }
  // Without /proc the clock starts with this process, and so does its name.
  return withoutProc;
}
