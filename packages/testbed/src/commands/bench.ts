/**
 * `npm run bench`: every benchmark in turn. A benchmark is a program that prints its rows as lines of JSON,
 * `{"name": "…", "value": 1.02, "unit": "×", "goal": "at most 1.15", "ok": true}`; its other lines are shown as they come.
 *
 *   npm run bench -- join      those whose path contains a word
 */
import { glob } from 'node:fs/promises';
import { execa } from 'execa';
import { abortOnSignals, formatTable, root, toolEnvironment } from './steps.ts';

interface BenchRow {
  name: string;
  value: number | string;
  unit?: string;
  goal?: string;
  ok?: boolean;
}

const filters = process.argv.slice(2);
const signal = abortOnSignals();
const rows: BenchRow[] = [];
const failures: string[] = [];

for (const path of await benchmarks()) {
  process.stderr.write(`\n=== ${path}\n`);
  const child = execa(process.execPath, [path], {
    ...{ cwd: root, env: toolEnvironment(), reject: false, cancelSignal: signal },
    ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'inherit', timeout: 15 * 60_000, forceKillAfterDelay: 10_000 },
  } as const);
  for await (const line of child) {
    const row = parseRow(line);
    if (row) rows.push(row);
    else process.stdout.write(`${line}\n`);
  }
  if ((await child).exitCode !== 0) failures.push(path);
}

const heading = ['benchmark', 'result', 'goal', ''];
const cells = rows.map(({ name, value, unit = '', goal = '', ok }) => [
  ...[name, `${value} ${unit}`.trim(), goal],
  ok === undefined ? '' : ok ? 'met' : 'MISSED',
]);
process.stdout.write(`\n${formatTable([heading, ...cells])}\n`);
for (const path of failures) process.stdout.write(`failed: ${path}\n`);
if (rows.length === 0) process.stdout.write('no benchmark has printed a row\n');
process.exitCode = failures.length === 0 && rows.length > 0 && rows.every(({ ok }) => ok !== false) ? 0 : 1;

async function benchmarks(): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(['apps/*/bench/*.bench.ts', 'packages/*/bench/*.bench.ts', 'e2e/bench/*.bench.ts'], {
    cwd: root,
  })) {
    if (filters.every((word) => path.includes(word))) found.push(path);
  }
  return found.sort();
}

function parseRow(line: string): BenchRow | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Partial<BenchRow>;
    return value.name === undefined || value.value === undefined ? undefined : (value as BenchRow);
  } catch (error) {
    // A line that only looks like a row is output like any other.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
