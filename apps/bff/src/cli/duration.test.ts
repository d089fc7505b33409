import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';

test('lengths of time are read as people write them', () => {
  expect(['90s', '30m', '2h', '1h30m', '7d'].map(durationMs)).toEqual([
    90_000, 1_800_000, 7_200_000, 5_400_000, 604_800_000,
  ]);
});

test.each(['', '2', 'h', '2 h', '2h!', '-2h', '2weeks'])('"%s" is refused with an example', (text) => {
  expect(() => durationMs(text)).toThrow(/write 30m, 2h/);
});
