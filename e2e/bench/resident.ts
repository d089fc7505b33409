import { readFileSync } from 'node:fs';

/** What of the process is in memory now, the program's own pages included (VmRSS), in MB of 1 048 576 bytes. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${String(pid)} has ended`);
  return Number(kilobytes) / 1_024;
}
