/** Lengths of time as people write them. Pure. */
import { Fault } from '../fault.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `2h`, `1h30m`, `90s`, `3d`. INVALID_REQUEST for anything else. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Fault('INVALID_REQUEST', `"${text}" is no length of time; write 30m, 2h, 1h30m or 1d.`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0);
}
