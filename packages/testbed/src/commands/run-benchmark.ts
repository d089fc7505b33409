/** Runs one benchmark, a program that prints its rows as lines of JSON, and says what machine it ran on. */
import { cpus, loadavg, totalmem } from 'node:os';
import { execa } from 'execa';
import { parseBenchRow, type BenchRow } from './bench-table.ts';
import { root, toolEnvironment } from './steps.ts';

export interface BenchmarkRun {
  readonly rows: BenchRow[];
  readonly ok: boolean;
}

/** @param program the benchmark's path below the repository, and its arguments. Its other lines are shown as they come. */
export async function runBenchmark(
  program: readonly string[],
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<BenchmarkRun> {
  process.stderr.write(`\n=== ${program.join(' ')}\n`);
  const child = execa(process.execPath, [...program], {
    ...{ cwd: root, env: toolEnvironment(), reject: false, cancelSignal: options.signal },
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'inherit', timeout: options.timeoutMs, forceKillAfterDelay: 10_000 },
  } as const);
  const rows: BenchRow[] = [];
  for await (const line of child) {
    const row = parseBenchRow(line);
    if (row) rows.push(row);
    else process.stdout.write(`${line}\n`);
  }
  const result = await child;
  // A signal leaves no message of its own.
  if (result.exitCode === undefined) process.stderr.write(`${result.shortMessage ?? 'it did not run'}\n`);
  return { rows, ok: result.exitCode === 0 };
}

export function describeMachine(): string {
  return `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`;
}

/** The last minute's and the last five minutes' average of processes that wanted to run. */
export function describeLoad(): string {
  const [lastMinute = 0, lastFive = 0] = loadavg();
  return `${lastMinute.toFixed(1)} (5 min: ${lastFive.toFixed(1)})`;
}
