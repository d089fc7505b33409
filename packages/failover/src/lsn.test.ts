import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLsn, lsnDistanceBytes, parseLsn } from './lsn.ts';

const lsns = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('an LSN is read and written as PostgreSQL does', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16_b374d848n);
  expect(formatLsn(0x16_b374d848n)).toBe('16/B374D848');
  expect(formatLsn(0x3000060n)).toBe('0/3000060');
  expect(parseLsn('0/0')).toBe(0n);
  expect(parseLsn('ffffffff/ffffffff')).toBe(2n ** 64n - 1n);
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(lsns, (lsn) => {
      expect(parseLsn(formatLsn(lsn))).toBe(lsn);
    }),
  );
});

test.each(['', '/', '16', '16/', '/B3', '0x16/1', '16/B374D8480', '1/2/3', ' 1/2', '1/2\n', '-1/2', 'G/1', '1/２'])(
  '%j is no LSN',
  (text) => {
    expect(() => parseLsn(text)).toThrow(RangeError);
  },
);

test('a number outside of 64 bits is no LSN', () => {
  expect(() => formatLsn(-1n)).toThrow(RangeError);
  expect(() => formatLsn(2n ** 64n)).toThrow(RangeError);
});

test('a distance is never negative, and one of both directions is 0', () => {
  expect(lsnDistanceBytes(0x1_00000010n, 0xffff_fff0n)).toBe(32);
  fc.assert(
    fc.property(lsns, lsns, (one, other) => {
      const distances = [lsnDistanceBytes(one, other), lsnDistanceBytes(other, one)];
      expect(Math.min(...distances)).toBe(0);
      expect(Math.max(...distances)).toBe(Number(one > other ? one - other : other - one));
    }),
  );
});
