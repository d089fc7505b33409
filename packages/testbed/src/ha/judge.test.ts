import { expect, test } from 'vitest';
import { countSilentSeconds, countTurns, findCutOffRows, findLostRows, findOverlap, findWriteGap } from './judge.ts';
import type { Acknowledgement } from './judge.ts';

const ack = (server: string, heardMs: number): Acknowledgement => ({
  ...{ id: `${server}-${heardMs}`, server, sentMs: heardMs - 2, heardMs },
});
const acksOf = (server: string, ...heard: number[]) => heard.map((ms) => ack(server, ms));

test('the gap begins with the last acknowledgement before the event, and the longest one counts', () => {
  const acks = [...acksOf('a', 0, 900, 910, 1_000), ...acksOf('b', 1_500, 1_600)];
  expect(findWriteGap(acks, 950)).toEqual({ gapMs: 500, endedAfterMs: 550 });
  // 900 ms before the event are none of its business.
  expect(findWriteGap(acks, 950).gapMs).toBeLessThan(900);
  expect(findWriteGap(acksOf('a', 1_000, 1_020, 1_040), 1_010)).toEqual({ gapMs: 20, endedAfterMs: 10 });
});

test('nobody answers after the event: the gap has no end', () => {
  expect(findWriteGap(acksOf('a', 1, 2), 5).gapMs).toBe(Infinity);
  expect(findWriteGap([], 5).gapMs).toBe(Infinity);
});

test('a clean change is no overlap, however close, and a server that comes back is one', () => {
  expect(findOverlap([...acksOf('a', 10, 20), ...acksOf('b', 21, 30)], 5)).toEqual({
    ...{ seconds: 0, overlapMs: 0, rows: 0 },
  });
  const split = [...acksOf('a', 10, 1_500, 2_700, 2_800), ...acksOf('b', 1_000, 1_600, 2_600)];
  expect(findOverlap(split, 5)).toEqual({ seconds: 2, overlapMs: 1_800, rows: 3 });
});

test('what was acknowledged before the event is no overlap', () => {
  expect(findOverlap([...acksOf('b', 1), ...acksOf('a', 2, 10), ...acksOf('b', 20, 30)], 5).rows).toBe(0);
});

test('silent seconds are counted from the event', () => {
  expect(countSilentSeconds(acksOf('a', 1_100, 2_900, 4_500), 1_000, 5_000)).toBe(1);
});

test('rows of a server that was cut off, and rows that the final main lacks', () => {
  const acks = [...acksOf('a', 10, 20, 30), ...acksOf('b', 50)];
  const kept = new Set(['a-10', 'a-20', 'b-50']);
  expect(findCutOffRows(acks, { server: 'a', eventMs: 15, kept })).toEqual({ rows: 2, endedAfterMs: 15, lost: 1 });
  expect(findCutOffRows(acks, { server: 'a', eventMs: 40, kept }).endedAfterMs).toBe(0);
  expect(findLostRows(acks, kept).map(({ id }) => id)).toEqual(['a-30']);
});

test('two servers that take turns are seen as more turns than changes', () => {
  expect(countTurns([...acksOf('a', 1, 2, 9), ...acksOf('b', 3, 4), ...acksOf('a', 5)])).toBe(2);
  expect(countTurns(acksOf('a', 1, 2))).toBe(0);
});
