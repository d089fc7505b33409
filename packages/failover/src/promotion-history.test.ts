import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CurrentTimelines, comparePromotionHistories, type PromotionRecord } from './promotion-history.ts';

const first: PromotionRecord = { promotionId: 'a', timeline: 2, forkLsn: 1_000n };
const second: PromotionRecord = { promotionId: 'b', timeline: 3, forkLsn: 2_000n };
const third: PromotionRecord = { promotionId: 'c', timeline: 4, forkLsn: 3_000n };

test('no promotion at all: a standby of the first main', () => {
  expect(comparePromotionHistories([], [], 500n)).toEqual({ mayFollow: true });
});

test("the same list: the node is on main's own timeline", () => {
  expect(comparePromotionHistories([first, second], [second, first], 9_999n)).toEqual({ mayFollow: true });
});

test('a node that ends at the fork, or before it, may follow', () => {
  expect(comparePromotionHistories([first], [first, second], 2_000n)).toEqual({ mayFollow: true });
  expect(comparePromotionHistories([], [first, second, third], 999n)).toEqual({ mayFollow: true });
});

test('a node that ends past the fork has diverged, by so many bytes', () => {
  expect(comparePromotionHistories([first], [first, second], 2_001n)).toEqual({
    mayFollow: false,
    code: 'past_fork',
    reason: 'This server went on for 1 byte after the point at which main was promoted.',
    bytesPastFork: 1,
    repair: 'rewind',
  });
});

test('of several promotions that the node lacks, the first counts', () => {
  expect(comparePromotionHistories([], [third, second, first], 1_500n)).toMatchObject({ bytesPastFork: 500 });
});

test('equal timeline numbers prove nothing: both were promoted to 2, apart from each other', () => {
  const mine: PromotionRecord = { promotionId: 'mine', timeline: 2, forkLsn: 900n };
  expect(comparePromotionHistories([mine], [first], 1_400n)).toMatchObject({
    mayFollow: false,
    code: 'same_timeline_other_promotion',
    bytesPastFork: 500,
    repair: 'base_backup',
  });
});

test('equal timelines at the very same fork LSN have still diverged', () => {
  const mine: PromotionRecord = { ...first, promotionId: 'mine' };
  expect(comparePromotionHistories([mine], [first], 1_000n)).toMatchObject({ mayFollow: false, bytesPastFork: 0 });
});

test('a promotion that main does not know cannot be followed away', () => {
  const mine: PromotionRecord = { promotionId: 'mine', timeline: 5, forkLsn: 1_200n };
  expect(comparePromotionHistories([first, mine], [first], 1_700n)).toMatchObject({
    code: 'own_promotion_unknown_to_main',
    bytesPastFork: 500,
    repair: 'rewind',
  });
});

test('one id with two stories: nothing is concluded', () => {
  const told = { ...first, forkLsn: 1_001n };
  expect(comparePromotionHistories([first], [told, second], 1n)).toMatchObject({
    code: 'records_disagree',
    bytesPastFork: null,
    repair: 'base_backup',
  });
});

/** A cluster's whole past: promotions one after another, each forking later than the one before. */
const pasts = fc.array(fc.bigInt({ min: 1n, max: 1_000_000n }), { minLength: 1, maxLength: 8 }).map((steps) => {
  let forkLsn = 0n;
  return steps.map((step, index) => {
    forkLsn += step;
    return { promotionId: `p${String(index)}`, timeline: index + 2, forkLsn };
  });
});

test('a node that stopped anywhere in the common past follows exactly if it ended by the next fork', () => {
  fc.assert(
    fc.property(pasts, fc.nat(), fc.bigInt({ min: 0n, max: 9_000_000n }), (mains, cut, ownLastLsn) => {
      const known = cut % (mains.length + 1);
      const nextFork = mains[known]?.forkLsn;
      const verdict = comparePromotionHistories(mains.slice(0, known), mains, ownLastLsn);
      expect(verdict.mayFollow).toBe(nextFork === undefined || ownLastLsn <= nextFork);
      if (!verdict.mayFollow) expect(verdict.bytesPastFork).toBe(Number(ownLastLsn - (nextFork ?? 0n)));
    }),
  );
});

test('a node with a promotion of its own never follows', () => {
  const own = { promotionId: 'mine', timeline: 2, forkLsn: 5n };
  fc.assert(
    fc.property(pasts, fc.nat(), fc.bigInt({ min: 0n, max: 9_000_000n }), (mains, cut, ownLastLsn) => {
      const mine = [...mains.slice(0, cut % (mains.length + 1)), own];
      expect(comparePromotionHistories(mine, mains, ownLastLsn).mayFollow).toBe(false);
    }),
  );
});

const on = (own: number, mains: number | null): CurrentTimelines => ({
  ...{ own, mains, mainsForks: [] },
  ownHistory: { timeline: own, forks: [] },
});

test('SAFETY §2 Equal timeline numbers prove nothing: a promotion that nobody wrote down has diverged as well', () => {
  const verdict = { mayFollow: false, code: 'own_promotion_unrecorded', repair: 'base_backup' };
  // This server is on timeline 2 without a record; main was promoted to another 2 further on, or has yet to be.
  expect(comparePromotionHistories([], [first], 900n, on(2, 2))).toMatchObject(verdict);
  expect(comparePromotionHistories([], [], 900n, on(2, 1))).toMatchObject(verdict);
  expect(comparePromotionHistories([first], [first, third], 2_500n, on(3, 4))).toMatchObject(verdict);
  expect(comparePromotionHistories([first], [first, second], 1_500n, on(3, 3))).toMatchObject(verdict);
});

test('a cluster whose first timeline is not 1, and one whose timelines are not known', () => {
  const late: PromotionRecord = { promotionId: 'late', timeline: 8, forkLsn: 5_000n };
  expect(comparePromotionHistories([], [late], 4_000n, on(7, 8))).toEqual({
    mayFollow: true,
  });
  expect(comparePromotionHistories([late], [late], 6_000n, on(8, 8))).toEqual({
    mayFollow: true,
  });
  expect(comparePromotionHistories([late], [late], 6_000n, on(8, null))).toEqual({
    mayFollow: true,
  });
});

test('SAFETY §2: a timeline of main’s that nobody wrote down has a fork all the same, and PostgreSQL would not stream past it', () => {
  // Main was promoted to 2 and fenced before any record, then to 3, which is in its list.
  const again: PromotionRecord = { promotionId: 'again', timeline: 3, forkLsn: 2_000n };
  const mainsForks = [
    { timeline: 1, leftAtLsn: 1_000n },
    { timeline: 2, leftAtLsn: 2_000n },
  ];
  const timelines = { ...on(1, 3), mainsForks };
  expect(comparePromotionHistories([], [again], 1_000n, timelines)).toEqual({ mayFollow: true });
  expect(comparePromotionHistories([], [again], 1_500n, timelines)).toMatchObject({
    mayFollow: false,
    code: 'past_fork',
    bytesPastFork: 500,
  });
  // It streamed that timeline itself: there it is the next fork that counts.
  expect(comparePromotionHistories([], [again], 1_500n, { ...timelines, own: 2 })).toEqual({ mayFollow: true });
  // Also where its control file does not know it yet.
  const streamed = { timeline: 2, forks: mainsForks.slice(0, 1) };
  expect(comparePromotionHistories([], [again], 1_500n, { ...timelines, ownHistory: streamed })).toEqual({
    mayFollow: true,
  });
  // But not on a 2 of its own, that it came to at another point, and that nobody wrote down either.
  const apart = { timeline: 2, forks: [{ timeline: 1, leftAtLsn: 900n }] };
  expect(comparePromotionHistories([], [again], 1_500n, { ...timelines, own: 2, ownHistory: apart })).toMatchObject({
    mayFollow: false,
    code: 'own_promotion_unrecorded',
    bytesPastFork: 600,
    repair: 'base_backup',
  });
  // Rows that it has replayed tell of a later timeline than its control file does.
  expect(comparePromotionHistories([again], [again], 2_500n, timelines)).toEqual({ mayFollow: true });
});
