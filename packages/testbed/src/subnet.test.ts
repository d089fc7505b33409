import { expect, test } from 'vitest';
import { overlaps } from './subnet.ts';

test.each([
  ['10.71.3.0/24', true],
  ['10.71.3.128/25', true],
  ['10.71.3.7', true],
  ['10.0.0.0/8', true],
  ['10.71.4.0/24', false],
  ['192.168.0.0/16', false],
  ['default', false],
  ['0.0.0.0/0', false],
])('10.71.3 and the route %s overlap: %s', (route, expected) => {
  expect(overlaps('10.71.3', route)).toBe(expected);
});
