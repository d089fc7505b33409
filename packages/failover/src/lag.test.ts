import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordLsnSample, replayLagSeconds, type LsnSample } from './lag.ts';

function record(samples: readonly LsnSample[], keep?: number): readonly LsnSample[] {
  return samples.reduce<readonly LsnSample[]>((history, sample) => recordLsnSample(history, sample, keep), []);
}

/** Writes as they come on main: later, and further on or not. */
const writes = fc
  .array(fc.record({ bytes: fc.integer({ min: 0, max: 1000 }), afterMs: fc.integer({ min: 1, max: 60_000 }) }), {
    minLength: 1,
    maxLength: 120,
  })
  .map((steps) => {
    let lsn = 1000n;
    let atMs = 0;
    return steps.map(({ bytes, afterMs }) => {
      lsn += BigInt(bytes);
      atMs += afterMs;
      return { lsn, atMs };
    });
  });

test('an idle, caught-up secondary is 0 s behind, however long nobody writes', () => {
  const history = record([
    { lsn: 100n, atMs: 0 },
    { lsn: 100n, atMs: 3_600_000 },
  ]);
  expect(replayLagSeconds(history, 100n, 7_200_000)).toBe(0);
  expect(replayLagSeconds(history, 101n, 7_200_000)).toBe(0);
});

test('the lag is the age of the oldest write that is not replayed', () => {
  const history = record([
    { lsn: 100n, atMs: 1_000 },
    { lsn: 200n, atMs: 2_000 },
    { lsn: 200n, atMs: 3_000 },
    { lsn: 300n, atMs: 4_000 },
  ]);
  expect(replayLagSeconds(history, 100n, 10_500)).toBe(8.5);
  expect(replayLagSeconds(history, 199n, 10_500)).toBe(8.5);
  expect(replayLagSeconds(history, 200n, 10_501)).toBe(6.501);
  expect(replayLagSeconds(history, 300n, 10_500)).toBe(0);
});

test('without a history the lag is unknown, not 0', () => {
  expect(replayLagSeconds([], 100n, 0)).toBeNull();
});

test('a clock that is behind the sample gives no negative lag', () => {
  expect(replayLagSeconds([{ lsn: 100n, atMs: 5_000 }], 1n, 4_000)).toBe(0);
});

test('a lower LSN begins a new history: it is another timeline or another main', () => {
  const history = record([
    { lsn: 100n, atMs: 0 },
    { lsn: 200n, atMs: 1_000 },
    { lsn: 150n, atMs: 2_000 },
  ]);
  expect(history).toEqual([{ lsn: 150n, atMs: 2_000 }]);
});

test('a long history is thinned to a few per cent of each age, and the oldest sample stays', () => {
  const samples = Array.from({ length: 2_000 }, (_, index) => ({ lsn: BigInt(index), atMs: index * 1_000 }));
  const history = record(samples);
  expect(history.length).toBeLessThanOrEqual(512);
  expect(history[0]).toEqual({ lsn: 0n, atMs: 0 });
  // Also a secondary that has replayed nothing at all reads its whole half hour.
  for (let replayed = 0; replayed < 1_999; replayed += 1) {
    const truth = 2_000 - (replayed + 1);
    const answer = replayLagSeconds(history, BigInt(replayed), 2_000_000);
    expect(answer).toBeLessThanOrEqual(truth);
    expect(answer).toBeGreaterThanOrEqual(truth * 0.97);
  }
});

test('a thinned history is short, rises strictly, and answers with a lower bound that is 0 only when it should be', () => {
  fc.assert(
    fc.property(writes, fc.integer({ min: 3, max: 20 }), fc.nat({ max: 119 }), (samples, keep, index) => {
      const full = record(samples, Number.POSITIVE_INFINITY);
      const thin = record(samples, keep);
      expect(thin.length).toBeLessThanOrEqual(keep);
      thin.slice(1).forEach((sample, at) => {
        expect(sample.lsn > (thin[at]?.lsn ?? -1n)).toBe(true);
      });
      const replayed = samples[index % samples.length]?.lsn ?? 0n;
      const nowMs = (samples.at(-1)?.atMs ?? 0) + 1;
      const truth = replayLagSeconds(full, replayed, nowMs) ?? Number.NaN;
      const answer = replayLagSeconds(thin, replayed, nowMs) ?? Number.NaN;
      expect(answer).toBeLessThanOrEqual(truth);
      expect(answer === 0).toBe(truth === 0);
    }),
  );
});

test('a history that cannot be thinned is refused', () => {
  expect(() => recordLsnSample([], { lsn: 1n, atMs: 0 }, 2)).toThrow(RangeError);
});
