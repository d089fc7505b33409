/** What benchmarks share: how a measurement is summed up and handed to `npm run bench`. */

/** One line of the table. `npm run bench` reads it as a line of JSON on standard output. */
export interface BenchRow {
  readonly what: string;
  /** Of what `samples` measured. */
  readonly unit: string;
  readonly samples: readonly number[];
  /** What the same machine does at best in the same run, in the same unit. */
  readonly floor?: { readonly what: string; readonly samples: readonly number[] };
  /** In words, as the table shows it. */
  readonly goal: string;
  readonly isMet: (figures: Figures) => boolean;
}

export interface Figures {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median by the floor's median; NaN without a floor. */
  readonly ratio: number;
}

/** The middle value; of an even number the mean of the two in the middle. */
export function medianOf(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Prints the row for `npm run bench`. */
export function report({ what, unit, samples, floor, goal, isMet }: BenchRow): void {
  const median = medianOf(samples);
  const ratio = floor === undefined ? NaN : median / medianOf(floor.samples);
  const figures: Figures = { median, min: Math.min(...samples), max: Math.max(...samples), ratio };
  const row = {
    ...{ what, unit, median, min: figures.min, max: figures.max, goal, ok: isMet(figures) },
    ...(floor === undefined ? {} : { floor: { what: floor.what, median: medianOf(floor.samples) }, ratio }),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

/** A line for the one who watches. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
