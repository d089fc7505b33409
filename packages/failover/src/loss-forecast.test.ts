import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forecastLoss, type LossFacts } from './loss-forecast.ts';

const facts: LossFacts = {
  mainWriteLsn: 5_000_000n,
  mainWriteLsnAgeMs: 3_200,
  receivedLsn: 3_800_000n,
  replayedLsn: 3_788_000n,
};

test('what has not arrived is loss, what is not replayed is waiting', () => {
  expect(forecastLoss(facts)).toEqual({
    lossBytes: 1_200_000,
    knowledgeAgeMs: 3_200,
    waitBytes: 12_000,
    sentence:
      '1.2 MB that main had written 3.2 s ago have not arrived and would be lost, as would all that it wrote after that. ' +
      '12 kB have arrived and wait to be replayed: that costs time, not data.',
  });
});

test('nothing is known to be lost: the age of that knowledge is said', () => {
  const forecast = forecastLoss({ ...facts, receivedLsn: 5_000_000n, replayedLsn: 5_000_000n });
  expect(forecast).toMatchObject({ lossBytes: 0, waitBytes: 0 });
  expect(forecast.sentence).toBe(
    'Everything that main had written 3.2 s ago is here; what it wrote after that would be lost.',
  );
});

test('without knowledge of main the loss is unknown, not 0', () => {
  const forecast = forecastLoss({ ...facts, mainWriteLsn: null });
  expect(forecast).toMatchObject({ lossBytes: null, knowledgeAgeMs: null, waitBytes: 12_000 });
  expect(forecast.sentence).toMatch(/^How much would be lost cannot be told: .* main had written\./);
});

test('without knowledge of the own position the loss is unknown, not everything', () => {
  const forecast = forecastLoss({ ...facts, receivedLsn: null, replayedLsn: null });
  expect(forecast).toMatchObject({ lossBytes: null, waitBytes: null });
});

test('what was replayed was received, though the receiver has started anew', () => {
  expect(forecastLoss({ ...facts, receivedLsn: null })).toMatchObject({ lossBytes: 1_212_000, waitBytes: 0 });
  expect(forecastLoss({ ...facts, receivedLsn: 16n })).toMatchObject({ lossBytes: 1_212_000, waitBytes: 0 });
});

test('a position that was not told is unknown', () => {
  expect(forecastLoss({ ...facts, replayedLsn: null })).toMatchObject({ lossBytes: 1_200_000, waitBytes: null });
  expect(forecastLoss({ ...facts, mainWriteLsnAgeMs: null }).sentence).toContain('when it was last heard');
});

test('loss and waiting together reach from the replayed position to the end of main', () => {
  const lsn = fc.bigInt({ min: 0n, max: 2n ** 50n });
  fc.assert(
    fc.property(lsn, lsn, lsn, (mainWriteLsn, receivedLsn, replayedLsn) => {
      const { lossBytes, waitBytes } = forecastLoss({ mainWriteLsn, mainWriteLsnAgeMs: 0, receivedLsn, replayedLsn });
      const held = receivedLsn > replayedLsn ? receivedLsn : replayedLsn;
      fc.pre(mainWriteLsn >= held);
      expect((lossBytes ?? Number.NaN) + (waitBytes ?? Number.NaN)).toBe(Number(mainWriteLsn - replayedLsn));
    }),
  );
});
