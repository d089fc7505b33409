/** The table of `npm run bench`: what a benchmark prints, how it is shown, and its place in README.md. */
import { TestbedError } from '../errors.ts';

/** One measurement, as a benchmark prints it on a line of its own. */
export interface BenchRow {
  what: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  /** What the same machine does at best in the same run, in the same unit. */
  floor?: { what: string; median: number };
  /** Median by the floor's median. */
  ratio?: number;
  /** In words. */
  goal: string;
  ok: boolean;
}

/** The row of a line of output, or undefined when the line is anything else. */
export function parseBenchRow(line: string): BenchRow | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const row = JSON.parse(line) as Partial<BenchRow>;
    const isWhole = typeof row.what === 'string' && typeof row.median === 'number' && typeof row.ok === 'boolean';
    return isWhole ? (row as BenchRow) : undefined;
  } catch (error) {
    // A line that only looks like a row is output like any other.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Heading and one row of cells each. */
export function formatBenchTable(rows: readonly BenchRow[]): string[][] {
  const heading = ['what', 'measured: median (min – max)', 'peer or floor', 'ratio', 'goal', 'ok'];
  return [
    heading,
    ...rows.map(({ what, unit, median, min, max, floor, ratio, goal, ok }) => [
      what,
      min === max ? `${figure(median)} ${unit}` : `${figure(median)} ${unit} (${figure(min)} – ${figure(max)})`,
      floor === undefined ? '' : `${floor.what} ${figure(floor.median)} ${unit}`,
      ratio === undefined ? '' : ratio.toFixed(2),
      goal,
      ok ? 'yes' : 'MISSED',
    ]),
  ];
}

/** Three digits are all that such a measurement is worth. */
function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
}

const opening = '<!-- bench:start -->';
const closing = '<!-- bench:end -->';

/**
 * The text with what stands between the two marks replaced by the table and the line about its circumstances.
 *
 * @throws TestbedError `MISUSE` when the marks are not there.
 */
export function replaceBenchSection(
  text: string,
  table: readonly (readonly string[])[],
  circumstances: string,
): string {
  const start = text.indexOf(opening);
  const end = text.indexOf(closing);
  if (start < 0 || end < start) throw new TestbedError('MISUSE', `README.md has no ${opening} … ${closing}`);
  const [heading = [], ...rows] = table;
  const lines = [heading, heading.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const section = [opening, '', '## Measured', '', `\`npm run bench\` on ${circumstances}`, '', ...lines, '', closing];
  return text.slice(0, start) + section.join('\n') + text.slice(end + closing.length);
}
