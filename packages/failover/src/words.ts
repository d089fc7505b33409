/** How numbers stand in this package's sentences. */

const BYTE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `0 bytes`, `812 bytes`, `1.2 kB`, `50 MB`: decimal units, two digits at most. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? value.toFixed(1) : String(Math.floor(value));
  return bytes === 1 ? '1 byte' : `${digits} ${BYTE_UNITS[unit] ?? ''}`;
}

/** `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`: rounded down, so that "60 s" is never said of less. */
export function durationInWords(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 10) return `${String(Math.floor(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${String(Math.floor(seconds))} s`;
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))} min`;
  if (seconds < 172_800) return `${String(Math.floor(seconds / 3600))} h`;
  return `${String(Math.floor(seconds / 86_400))} days`;
}
