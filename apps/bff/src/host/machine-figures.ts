/** CPU, memory and disk of this machine, as the cluster's nodes show them (DESIGN §3). */
import { readFile, statfs } from 'node:fs/promises';
import type { StatsFs } from 'node:fs';
import type { DiskUsage } from '../cluster/postgres-ports.ts';
import { Fault, messageOf } from '../fault.ts';
import { isFileError } from './state-directory.ts';

/** Below this, two readings of ticks of 10 ms say more about rounding than about load. */
const SHORTEST_INTERVAL_MS = 200;
const DISK_TIMEOUT_MS = 5_000;

interface CpuTicks {
  readonly busy: number;
  readonly total: number;
  readonly atMs: number;
}

/** Percent busy (all cores together) since the last call; null for the first moments and where it cannot be known. */
export function createCpuMeter(): () => Promise<number | null> {
  let before: CpuTicks | null = null;
  let figure: number | null = null;
  return async () => {
    const now = await readCpuTicks();
    if (now === null) return percentByLibrary('cpu');
    if (before === null) {
      before = now;
      return figure;
    }
    const total = now.total - before.total;
    // Asked again at once: the last figure is better than one of a few ticks.
    if (now.atMs - before.atMs < SHORTEST_INTERVAL_MS || total <= 0) return figure;
    figure = bounded((100 * (now.busy - before.busy)) / total);
    before = now;
    return figure;
  };
}

/** Percent that is not available to new programs (MemAvailable: caches count as available). */
export async function memoryPercent(): Promise<number | null> {
  const text = await readProc('/proc/meminfo');
  if (text === null) return percentByLibrary('memory');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 'none');
  const available = kilobytes('MemAvailable');
  const total = kilobytes('MemTotal');
  return total > 0 && Number.isFinite(available) ? bounded((100 * (total - available)) / total) : null;
}

/** As df shows it: root's reserve counts neither as used nor as free. */
export async function diskUsage(path: string): Promise<DiskUsage | null> {
  let stats: StatsFs;
  try {
    stats = await statfsWithin(path);
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null;
    if (error instanceof Fault) throw error;
    throw new Fault('HOST_FAULT', `The disk of ${path} cannot be measured: ${messageOf(error)}.`, { cause: error });
  }
  const used = stats.blocks - stats.bfree;
  const reachable = used + stats.bavail;
  return {
    usedPercent: reachable > 0 ? bounded((100 * used) / reachable) : 0,
    freeBytes: stats.bavail * stats.bsize,
  };
}

const asking = new Map<string, Promise<StatsFs>>();

/**
 * A dead network file system never answers and cannot be cancelled. One question at a time for each path, so that it
 * holds one of Node's four file threads and not, heartbeat by heartbeat, all of them.
 */
async function statfsWithin(path: string): Promise<StatsFs> {
  let answer = asking.get(path);
  if (!answer) {
    answer = statfs(path);
    asking.set(path, answer);
    const forget = () => asking.delete(path);
    answer.then(forget, forget);
  }
  const { promise, resolve, reject } = Promise.withResolvers<StatsFs>();
  const deadline = setTimeout(() => {
    reject(new Fault('HOST_FAULT', `The disk of ${path} did not answer within 5 s.`));
  }, DISK_TIMEOUT_MS);
  answer.then(resolve, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}

async function readCpuTicks(): Promise<CpuTicks | null> {
  const text = await readProc('/proc/stat');
  const line = text === null ? null : /^cpu\s+(.*)$/m.exec(text);
  if (!line) return null;
  // user nice system idle iowait irq softirq steal; guest time is in user already.
  const ticks = (line[1] ?? '').split(/\s+/).slice(0, 8).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: total - idle, total, atMs: performance.now() };
}

async function readProc(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Elsewhere than on Linux; loaded only there, since it is large. */
async function percentByLibrary(which: 'cpu' | 'memory'): Promise<number | null> {
  const { default: information } = await import('systeminformation');
  if (which === 'cpu') return bounded((await information.currentLoad()).currentLoad);
  const { available, total } = await information.mem();
  return total > 0 ? bounded((100 * (total - available)) / total) : null;
}

function bounded(percent: number): number {
  return Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10;
}
