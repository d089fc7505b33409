import { expect, test } from 'vitest';
import { bytesInWords, durationInWords } from './words.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [1_260_000, '1.3 MB'],
  [52_428_800, '52 MB'],
  [7.5e12, '7.5 TB'],
  [9e18, '9000 PB'],
])('%d bytes', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});

test.each([
  [0, '0 s'],
  [430, '0.4 s'],
  [59_999, '59 s'],
  [119_999, '119 s'],
  [120_000, '2 min'],
  [7_199_999, '119 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 days'],
])('%d ms', (durationMs, words) => {
  expect(durationInWords(durationMs)).toBe(words);
});
