import { expect, test } from 'vitest';
import { MONEY_DECIMALS, parseScaled, scaledText, SPEED_DECIMALS, TRAFFIC_DECIMALS } from './amounts.ts';

test('money is read to the cent, where floating point would lose one', () => {
  const typed = ['0.29', '1.1', '19.99', '4.35', ' 12 ', '-5.05', '-0', '9999999999.99'];
  expect(typed.map((text) => parseScaled(text, MONEY_DECIMALS))).toEqual([
    29, 110, 1_999, 435, 1_200, -505, 0, 999_999_999_999,
  ]);
});

test('what is no number, or more exact than its unit, is refused and not rounded', () => {
  const typed = ['', 'ten', '1,000', '1.234', '1e3', '0x10', '.5', '5.', '--1', '99999999999999999'];
  expect(typed.map((text) => parseScaled(text, MONEY_DECIMALS))).toEqual(typed.map(() => null));
});

test('speeds are typed in Mbit/s and traffic in GB', () => {
  expect(parseScaled('0.512', SPEED_DECIMALS)).toBe(512);
  expect(parseScaled('100', SPEED_DECIMALS)).toBe(100_000);
  expect(parseScaled('1.5', TRAFFIC_DECIMALS)).toBe(1_500_000_000);
});

test('what is shown in a field is what would be read from it', () => {
  for (const decimals of [MONEY_DECIMALS, SPEED_DECIMALS, TRAFFIC_DECIMALS]) {
    for (const value of [0, 1, 9, 10, 512, 1_250, 100_000, -505, 123_456_789_012]) {
      expect(parseScaled(scaledText(value, decimals), decimals)).toBe(value);
    }
  }
  expect(scaledText(1_250, MONEY_DECIMALS)).toBe('12.5');
  expect(scaledText(1_200, MONEY_DECIMALS, 2)).toBe('12.00');
  expect(scaledText(-5, MONEY_DECIMALS, 2)).toBe('-0.05');
});
