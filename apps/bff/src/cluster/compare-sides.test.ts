import type { ParityFacts, ParityLine } from '@proxpanel/contracts/parity';
import { expect, test } from 'vitest';
import { compareSides, type ParitySide } from './compare-sides.ts';

const now = Date.parse('2026-11-22T03:00:00.000Z');
const inDays = (days: number): string => new Date(now + days * 86_400_000).toISOString();

function facts(changes: Partial<ParityFacts> = {}): ParityFacts {
  return {
    uploads: 'a1'.repeat(32),
    keyed_by: 'k1',
    environment: { PANEL_ENCRYPTION_KEY: 'proof', ARBITER_URL: '', TLS_CERT_PATH: '' },
    certificate_ends_at: null,
    postgres_version: '15.14',
    ...changes,
  };
}

function side(name: string, changes: Partial<ParitySide> = {}): ParitySide {
  return { name, version: '1.0.0', facts: facts(), clockAheadMs: 0, ...changes };
}

function lineOf(name: ParityLine['name'], main: ParitySide, other: ParitySide) {
  const line = compareSides(main, other, now).find((candidate) => candidate.name === name);
  return [line?.state, line?.sentence];
}

test('two servers that are alike are the same in all lines', () => {
  const lines = compareSides(side('A'), side('B'), now);
  expect(lines.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'same'));
});

test('of a server that does not answer nothing is known, and nothing is called different', () => {
  const silent = side('B', { version: null, facts: null, clockAheadMs: null });
  const lines = compareSides(side('A'), silent, now);
  expect(lines.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'unknown'));
});

test('a variable that differs, or that one server alone has, is named; its value is nowhere', () => {
  const { environment } = facts();
  const other = (changes: Record<string, string>) =>
    side('B', { facts: facts({ environment: { ...environment, ...changes } }) });
  expect(lineOf('environment', side('A'), other({ PANEL_ENCRYPTION_KEY: 'another' }))).toEqual([
    'differs',
    'PANEL_ENCRYPTION_KEY differs.',
  ]);
  expect(lineOf('environment', side('A'), other({ PANEL_ENCRYPTION_KEY: '', ARBITER_URL: 'proof' }))).toEqual([
    'differs',
    'PANEL_ENCRYPTION_KEY is set on "A" alone; ARBITER_URL is set on "B" alone.',
  ]);
  // A later version compares more.
  expect(lineOf('environment', side('A'), other({ NEWER: 'set' }))[0]).toBe('same');
});

test('proofs made with two cluster secrets are not compared', () => {
  const rotated = side('B', { facts: facts({ keyed_by: 'k2', environment: {} }) });
  expect(lineOf('environment', side('A'), rotated)[0]).toBe('unknown');
});

test('a certificate with less than 30 days left is told with its days, on whichever side it is', () => {
  const withTls = (endsAt: string | null) =>
    side('B', { facts: facts({ environment: { TLS_CERT_PATH: 'set' }, certificate_ends_at: endsAt }) });
  expect(lineOf('certificate', side('A'), side('B'))).toEqual(['same', 'Neither serves TLS itself.']);
  expect(lineOf('certificate', side('A'), withTls(inDays(30)))).toEqual(['same', '"B": 30 days left.']);
  expect(lineOf('certificate', withTls(inDays(29.9)), side('A'))).toEqual(['differs', '"B": 29 days left.']);
  expect(lineOf('certificate', side('A'), withTls(inDays(-0.1)))).toEqual([
    'differs',
    '"B": its certificate has ended.',
  ]);
  expect(lineOf('certificate', side('A'), withTls(null))).toEqual(['unknown', '"B": its certificate cannot be read.']);
});

test('clocks are compared with each other, whoever looks at them', () => {
  expect(lineOf('clock', side('A', { clockAheadMs: 5_000 }), side('B', { clockAheadMs: 5_500 }))[0]).toBe('same');
  expect(lineOf('clock', side('A'), side('B', { clockAheadMs: 2_500 }))).toEqual([
    'differs',
    'The clock of "B" is 2.5 s ahead of main\'s.',
  ]);
  expect(lineOf('clock', side('A', { clockAheadMs: 40_000 }), side('B'))).toEqual([
    'differs',
    'The clock of "B" is 40.0 s behind main\'s.',
  ]);
});

test('versions that differ are named with their servers', () => {
  expect(lineOf('panel_version', side('A'), side('B', { version: '1.0.1' }))).toEqual([
    'differs',
    'Panel 1.0.0 on "A", 1.0.1 on "B".',
  ]);
  const older = side('B', { facts: facts({ postgres_version: '15.2' }) });
  expect(lineOf('postgres_version', side('A'), older)).toEqual(['differs', 'PostgreSQL 15.14 on "A", 15.2 on "B".']);
});
