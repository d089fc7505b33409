/**
 * `npm run bench`: every benchmark in turn, and one table. A benchmark is a program that prints its rows as lines of
 * JSON (`BenchRow`); its other lines are shown as they come.
 *
 *   npm run bench -- join            those whose path contains a word
 *   npm run bench -- --write-readme  writes the table, with its date, into README.md
 */
import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TestbedError } from '../errors.ts';
import { describeLoad, describeMachine, runBenchmark } from './run-benchmark.ts';
import { formatBenchTable, replaceBenchSection, type BenchRow } from './bench-table.ts';
import { abortOnSignals, formatDuration, formatTable, root } from './steps.ts';

const { values, positionals: filters } = parseArgs({
  options: { 'write-readme': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const signal = abortOnSignals();
const rows: BenchRow[] = [];
const failures: string[] = [];
const started = performance.now();
const loadBefore = describeLoad();

for (const path of await benchmarks()) {
  const run = await runBenchmark([path], { timeoutMs: 15 * 60_000, signal });
  rows.push(...run.rows);
  if (!run.ok) failures.push(path);
}

const table = formatBenchTable(rows);
const machine = `${describeMachine()}; load ${loadBefore} before, ${describeLoad()} after`;
process.stdout.write(`\n${formatTable(table)}\n\n${machine}; ${formatDuration(performance.now() - started)}\n`);
for (const path of failures) process.stdout.write(`failed: ${path}\n`);
if (rows.length === 0) process.stdout.write('no benchmark has printed a row\n');
if (values['write-readme']) await writeReadme();
process.exitCode = failures.length === 0 && rows.length > 0 && rows.every(({ ok }) => ok) ? 0 : 1;

async function benchmarks(): Promise<string[]> {
  const found: string[] = [];
  const patterns = ['apps/*/bench/*.bench.ts', 'packages/*/bench/*.bench.ts', 'e2e/bench/*.bench.ts'];
  for await (const path of glob(patterns, { cwd: root })) {
    if (filters.every((word) => path.includes(word))) found.push(path);
  }
  return found.sort();
}

async function writeReadme(): Promise<void> {
  if (failures.length > 0 || filters.length > 0) {
    throw new TestbedError('MISUSE', 'README.md takes a whole table only: all benchmarks, and all ran to their end');
  }
  const path = join(root, 'README.md');
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(path, replaceBenchSection(await readFile(path, 'utf8'), table, `${date}. ${machine}.`));
  process.stdout.write('written into README.md\n');
}
