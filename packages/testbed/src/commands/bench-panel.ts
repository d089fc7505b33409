/**
 * `npm run bench:panel`: the panel at the size of a large provider, and what its servers cost each other. One table at the end.
 *
 *   npm run bench:panel -- --subscribers 100000
 *   npm run bench:panel -- --only heartbeats --only guard
 */
import { Command, InvalidArgumentError } from 'commander';
import { formatBenchTable, type BenchRow } from './bench-table.ts';
import { describeLoad, describeMachine, runBenchmark } from './run-benchmark.ts';
import { abortOnSignals, formatDuration, formatTable } from './steps.ts';

const names = ['lists', 'guard', 'heartbeats'] as const;
type Name = (typeof names)[number];

const options = new Command('bench:panel')
  .option('--subscribers <count>', 'how many the lists are read from', wholeNumber, 1_000_000)
  .option('--only <name>', `that benchmark alone (${names.join(', ')}); may be given several times`, collect, [])
  .parse()
  .opts<{ subscribers: number; only: Name[] }>();

const signal = abortOnSignals();
const started = performance.now();
const loadBefore = describeLoad();
const rows: BenchRow[] = [];
const failures: string[] = [];
for (const name of names) {
  if (signal.aborted || (options.only.length > 0 && !options.only.includes(name))) continue;
  const program = [`apps/bff/bench/panel/${name}.bench.ts`, ...(name === 'lists' ? [String(options.subscribers)] : [])];
  const run = await runBenchmark(program, { timeoutMs: 90 * 60_000, signal });
  rows.push(...run.rows);
  if (!run.ok) failures.push(name);
}
const load = `load ${loadBefore} before, ${describeLoad()} after`;
process.stdout.write(`\n${formatTable(formatBenchTable(rows))}\n\n${describeMachine()}; ${load}; `);
process.stdout.write(`${formatDuration(performance.now() - started)}\n`);
for (const name of failures) process.stdout.write(`failed: ${name}\n`);
process.exitCode = failures.length === 0 && rows.length > 0 && rows.every(({ ok }) => ok) ? 0 : 1;

function collect(name: string, before: Name[]): Name[] {
  const known = names.find((each) => each === name);
  if (known === undefined) throw new InvalidArgumentError(`one of ${names.join(', ')}`);
  return [...before, known];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1_000) throw new InvalidArgumentError('a whole number, at least 1000');
  return value;
}
