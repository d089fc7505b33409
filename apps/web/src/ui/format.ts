/** Numbers and times as a person reads them. What is not known is "unknown", never 0 (DESIGN §6, "lag is true"). */

import { MONEY_DECIMALS, scaledText, SPEED_DECIMALS } from './amounts.ts';

export const unknownText = 'unknown';

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in decimal units: 0 B, 950 B, 1.4 MB. null is "unknown". */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return unknownText;
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < byteUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit] ?? 'B'}`;
}

/** Seconds: "0 s", "0.4 s", "12 s", "3 min 5 s". null is "unknown". */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return unknownText;
  if (seconds === 0) return '0 s';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  return durationText(seconds * 1_000);
}

/** A span in ms with its two largest units: "45 s", "3 min 5 s", "2 h 10 min", "4 d 3 h". */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${String(hours)} h ${String(minutes % 60)} min`;
  return `${String(Math.floor(hours / 24))} d ${String(hours % 24)} h`;
}

/** A measured span in ms as short as it was: "0.13 s", "4.2 s", "48 s", "3 min 5 s". null is "unknown". */
export function measuredText(ms: number | null): string {
  if (ms === null) return unknownText;
  return ms < 1_000 ? `${(Math.max(0, ms) / 1_000).toFixed(2)} s` : secondsText(ms / 1_000);
}

/** "12 s ago", "just now"; "never" for null. `nowMs` is the clock that `at` was written by. */
export function agoText(at: string | null, nowMs: number): string {
  if (at === null) return 'never';
  const ms = nowMs - Date.parse(at);
  return ms < 1_000 ? 'just now' : `${durationText(ms)} ago`;
}

/** Date and time with seconds in the reader's own time zone, for titles and the event list. */
export function dateTimeText(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** "41 %"; null is "unknown". */
export function percentText(percent: number | null): string {
  return percent === null ? unknownText : `${percent.toFixed(0)} %`;
}

/** A word from the wire as a person reads it: `base_backup` → "Base backup". */
export function wordText(word: string): string {
  const text = word.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function countText(count: number | null): string {
  return count === null ? unknownText : count.toLocaleString('en');
}

/** Minor units with two decimals and the currency (ISO 4217): "€12.50". */
export function moneyText(minor: number, currency: string): string {
  const digits = { minimumFractionDigits: MONEY_DECIMALS, maximumFractionDigits: MONEY_DECIMALS };
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency, ...digits }).format(minor / 100);
  } catch {
    // No currency that can be written so: the figure is what counts.
    return `${scaledText(minor, MONEY_DECIMALS, MONEY_DECIMALS)} ${currency}`.trim();
  }
}

/** kbit/s in Mbit/s: "10 Mbit/s", "0.512 Mbit/s". */
export function speedText(kbps: number): string {
  return `${scaledText(kbps, SPEED_DECIMALS)} Mbit/s`;
}

/** The day alone, in the reader's own time zone. */
export function dateText(at: string): string {
  return new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** A time as `<input type="datetime-local">` has it, in the reader's own time zone; '' for null. */
export function timeInputText(at: string | null): string {
  if (at === null) return '';
  const local = new Date(at);
  local.setMinutes(local.getMinutes() - local.getTimezoneOffset());
  return local.toISOString().slice(0, 16);
}

/** The reverse; null for what is no time. */
export function isoOfTimeInput(text: string): string | null {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
