import { expect, test } from 'vitest';
import { agoText, bytesText, durationText, measuredText, percentText, secondsText } from './format.ts';

test('what is not known is "unknown" and never 0', () => {
  expect([bytesText(null), secondsText(null), percentText(null)]).toEqual(['unknown', 'unknown', 'unknown']);
});

test('bytes have one decimal below a hundred and none above', () => {
  expect([0, 999, 1_400, 52_428_800, 412e6].map(bytesText)).toEqual(['0 B', '999 B', '1.4 kB', '52.4 MB', '412 MB']);
});

test('a lag of exactly nothing is 0 s, and a small one is not rounded down to it', () => {
  expect([0, 0.4, 12.3, 185].map(secondsText)).toEqual(['0 s', '0.4 s', '12 s', '3 min 5 s']);
});

test('a measured span keeps its hundredths below a second, and is never negative', () => {
  expect([-5, 0, 134, 4_210, 48_400, 185_000].map(measuredText)).toEqual([
    '0.00 s',
    '0.00 s',
    '0.13 s',
    '4.2 s',
    '48 s',
    '3 min 5 s',
  ]);
  expect(measuredText(null)).toBe('unknown');
});

test('a span shows its two largest units', () => {
  expect([23_000, 185_000, 7_800_000, 360_000_000].map(durationText)).toEqual([
    '23 s',
    '3 min 5 s',
    '2 h 10 min',
    '4 d 4 h',
  ]);
});

test('an age is counted by the clock that wrote the time', () => {
  const at = '2026-11-22T10:00:00.000Z';
  expect(agoText(at, Date.parse(at) + 12_000)).toBe('12 s ago');
  expect(agoText(at, Date.parse(at) - 500)).toBe('just now');
  expect(agoText(null, 0)).toBe('never');
});
