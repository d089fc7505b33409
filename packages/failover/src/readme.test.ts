import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ALL_TRANSITIONS } from './decide.ts';
import { MAIN_TRANSITIONS } from './main-transitions.ts';
import { SECONDARY_TRANSITIONS } from './secondary-transitions.ts';
import { UPKEEP_TRANSITIONS } from './upkeep-transitions.ts';

const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');

test('the README lists every transition, in its order and under its table', () => {
  const listed = [...readme.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map(([, rule, of]) => [Number(rule), of]);
  const ofTable = (rule: number): string => {
    const isIn = (table: readonly { rule: number }[]) => table.some((row) => row.rule === rule);
    if (isIn(MAIN_TRANSITIONS)) return 'main';
    if (isIn(UPKEEP_TRANSITIONS)) return 'main, upkeep';
    return isIn(SECONDARY_TRANSITIONS) ? 'secondary' : 'candidate, upkeep';
  };
  expect(listed).toEqual(ALL_TRANSITIONS.map(({ rule }) => [rule, ofTable(rule)]));
});

test('no number is given twice', () => {
  const rules = ALL_TRANSITIONS.map(({ rule }) => rule);
  expect(new Set(rules).size).toBe(rules.length);
});

test('the story of the README is its scenario', () => {
  const transcript = readFileSync(path.resolve(import.meta.dirname, '../scenarios/partition.txt'), 'utf8');
  for (const moment of [
    '27.00  server 1  [23]',
    '28.00  arbiter',
    '28.20  server 2  [61]',
    '28.60  server 2  [36]',
    '72 bytes',
  ]) {
    expect(transcript).toContain(moment);
  }
});
