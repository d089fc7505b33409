/**
 * Decimal numbers as people type them, and whole units as the wire has them: money in minor units, speeds in kbit/s,
 * traffic in bytes. Digits are moved as text: 0.29 times 100 is not 29 in floating point.
 */

/** "12.5" with 2 decimals → 1250; null for what is no such number, has more decimals, or is too large to be exact. */
export function parseScaled(text: string, decimals: number): number | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > decimals) return null;
  const value = Number(`${sign}${whole}${fraction.padEnd(decimals, '0')}`);
  if (!Number.isSafeInteger(value)) return null;
  // "-0" is nothing, too.
  return value === 0 ? 0 : value;
}

/** The reverse: 1250 with 2 decimals → "12.5"; `atLeast` decimals are always written: "12.50". */
export function scaledText(value: number, decimals: number, atLeast = 0): string {
  const digits = String(Math.abs(value)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits
    .slice(digits.length - decimals)
    .replace(/0+$/, '')
    .padEnd(atLeast, '0');
  return `${value < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

export const MONEY_DECIMALS = 2;
/** kbit/s in Mbit/s. */
export const SPEED_DECIMALS = 3;
/** Bytes in GB. */
export const TRAFFIC_DECIMALS = 9;
