import { expect, test } from 'vitest';
import { formatBenchTable, parseBenchRow, replaceBenchSection } from './bench-table.ts';
import type { BenchRow } from './bench-table.ts';

const row: BenchRow = {
  ...{ what: 'join', unit: 's', median: 4.123, min: 4, max: 5, goal: 'at most 1.15 × bare', ok: false },
  ...{ floor: { what: 'bare', median: 3.5 }, ratio: 1.178 },
};

test('a row comes back as it was printed, and other output is no row', () => {
  expect(parseBenchRow(JSON.stringify(row))).toEqual(row);
  for (const line of ['', 'clone 3 s', '{"what":', '{"name":"x","value":1}'])
    expect(parseBenchRow(line)).toBeUndefined();
});

test('a goal that is missed says so, and figures have three digits', () => {
  const [, cells] = formatBenchTable([row]);
  expect(cells).toEqual(['join', '4.12 s (4 – 5)', 'bare 3.5 s', '1.18', 'at most 1.15 × bare', 'MISSED']);
  const single: BenchRow = {
    what: 'bundle',
    unit: 'kB',
    median: 137.99,
    min: 137.99,
    max: 137.99,
    goal: 'x',
    ok: true,
  };
  expect(formatBenchTable([single])[1]).toEqual(['bundle', '138 kB', '', '', 'x', 'yes']);
});

test('only what stands between the marks of the README changes, and again the next time', () => {
  const readme = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n';
  const once = replaceBenchSection(readme, formatBenchTable([row]), '2026-11-22. 2 cores.');
  expect(once).toContain('| join | 4.12 s (4 – 5) | bare 3.5 s | 1.18 | at most 1.15 × bare | MISSED |');
  expect(once).not.toContain('old');
  expect(once.startsWith('before\n')).toBe(true);
  expect(once.endsWith('\nafter\n')).toBe(true);
  expect(replaceBenchSection(once, formatBenchTable([row]), '2026-11-22. 2 cores.')).toBe(once);
  expect(() => replaceBenchSection('no marks', [], '')).toThrow('bench:start');
});
