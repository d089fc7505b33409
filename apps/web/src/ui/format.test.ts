import { expect, test } from 'vitest';
import {
  agoText,
  bytesText,
  durationText,
  isoOfTimeInput,
  measuredText,
  moneyText,
  percentText,
  secondsText,
  speedText,
  timeInputText,
} from './format.ts';

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

test('money has two decimals and its currency, also where the currency has other habits', () => {
  expect([1_250, 0, -505, 123_456_789].map((minor) => moneyText(minor, 'EUR'))).toEqual([
    '€12.50',
    '€0.00',
    '-€5.05',
    '€1,234,567.89',
  ]);
  expect(moneyText(1_200, 'JPY')).toBe('¥12.00');
  expect(moneyText(1_200, '')).toBe('12.00');
});

test('speeds are read in Mbit/s, exactly', () => {
  expect([512, 10_000, 2_500, 100_000_000].map(speedText)).toEqual([
    '0.512 Mbit/s',
    '10 Mbit/s',
    '2.5 Mbit/s',
    '100000 Mbit/s',
  ]);
});

test('a time in a field is the same time when it is sent', () => {
  const at = '2026-11-22T10:30:00.000Z';
  expect(isoOfTimeInput(timeInputText(at))).toBe(at);
  expect(timeInputText(null)).toBe('');
  expect(isoOfTimeInput('tomorrow')).toBeNull();
});
