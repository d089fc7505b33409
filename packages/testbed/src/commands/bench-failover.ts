/**
 * `npm run bench:failover` (root): every change of main that the field knows, on hosts of their own, judged by what the
 * writers were promised. One table at the end; hours for all of it, so:
 *
 *   npm run bench:failover -- --only link-cut --only power-cut
 *   npm run bench:failover -- --only kill-rounds --rounds 200 --seed 7
 *   npm run bench:failover -- --list
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { medianOf } from '../bench-report.ts';
import type { Figures, Scenario } from '../ha/scenario.ts';
import { scenarios } from '../ha/scenarios/all.ts';
import { formatBenchTable } from './bench-table.ts';
import type { BenchRow } from './bench-table.ts';
import { abortOnSignals, formatDuration, formatTable } from './steps.ts';

const options = new Command('bench:failover')
  .option('--only <name>', 'that scenario alone; may be given several times', collect, [])
  .option('--rounds <count>', 'how often each is repeated', wholeNumber, 5)
  .option('--seed <number>', 'of the random kills', wholeNumber, Date.now() % 1_000_000)
  .option('--list', 'print the names and what each must reach')
  .parse()
  .opts<{ only: string[]; rounds: number; seed: number; list?: true }>();

const signal = abortOnSignals();
const say = (line: string) => process.stderr.write(`${line}\n`);
process.exitCode = options.list ? list() : await measure();

function list(): number {
  const rows = scenarios.flatMap(({ name, measures }) =>
    Object.values(measures).map((measure) => [name, measure.what, measure.goal]),
  );
  process.stdout.write(`${formatTable([['scenario', 'measured', 'goal'], ...rows])}\n`);
  return 0;
}

async function measure(): Promise<number> {
  const unknown = options.only.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    say(`unknown: ${unknown.join(', ')}; --list prints the names`);
    return 2;
  }
  const chosen = scenarios.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const started = performance.now();
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  const loadBefore = describeLoad();
  for (const scenario of chosen) {
    if (signal.aborted) break;
    const { samples, failure } = await runScenario(scenario);
    rows.push(...sumUp(scenario, samples));
    if (failure !== undefined) failures.push(`${scenario.name}: ${failure}`);
  }
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB; load ${loadBefore} before, ${describeLoad()} after`;
  process.stdout.write(`\n${formatTable(formatBenchTable(rows))}\n\n${machine}; `);
  process.stdout.write(
    `${options.rounds} rounds, seed ${options.seed}; ${formatDuration(performance.now() - started)}\n`,
  );
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  return failures.length === 0 && !signal.aborted && rows.every(({ ok }) => ok) ? 0 : 1;
}

interface Outcome {
  samples: ReadonlyMap<string, number[]>;
  failure?: string;
}

/** A scenario that fails half-way keeps what it has measured: the others go on. */
async function runScenario({ name, run }: Scenario): Promise<Outcome> {
  say(`\n=== ${name}`);
  const samples = new Map<string, number[]>();
  const record = (measured: string, value: number) => {
    samples.set(measured, [...(samples.get(measured) ?? []), value]);
  };
  try {
    await run({ rounds: options.rounds, seed: options.seed, say, record, signal });
    return { samples };
  } catch (thrown) {
    // A cluster that could not be cleaned up after a failure hides why there was one.
    const error: unknown = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
    const failure = error instanceof Error ? error.message : String(error);
    say(`failed: ${failure}`);
    return { samples, failure };
  }
}

function sumUp({ measures }: Scenario, samples: ReadonlyMap<string, number[]>): BenchRow[] {
  return Object.entries(measures).flatMap(([key, { what, unit, goal, isMet, floor }]) => {
    const values = samples.get(key) ?? [];
    const figures = figuresOf(values);
    if (figures === undefined) return [];
    const rounds = values.length < options.rounds ? `, ${values.length} of ${options.rounds} rounds` : '';
    const row = { what: `${what}${rounds}`, unit, ...figures, goal, ok: isMet(figures) };
    const bare = floor && figuresOf(samples.get(floor.recordedAs) ?? []);
    if (floor === undefined || bare === undefined) return [row];
    return [{ ...row, floor: { what: floor.what, median: bare.median }, ratio: figures.median / bare.median }];
  });
}

function figuresOf(samples: readonly number[]): Figures | undefined {
  if (samples.length === 0) return undefined;
  return { median: medianOf(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

function describeLoad(): string {
  return loadavg()[0]?.toFixed(1) ?? '';
}

function collect(name: string, before: string[]): string[] {
  return [...before, name];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number, at least 1');
  return value;
}
