import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** The repository. */
export const root = join(import.meta.dirname, '../../../..');

/** What this project's tools find first: its own programs, Node 24 among them, and its own pnpm, which turbo calls. */
export function toolEnvironment(): Record<string, string> {
  const own = ['node_modules/.bin', '.tools/node_modules/.bin'].map((path) => join(root, path));
  return { PATH: [...own, process.env['PATH'] ?? ''].join(delimiter), TURBO_TELEMETRY_DISABLED: '1' };
}

export interface ToolRun {
  ok: boolean;
  /** Both streams in order; empty when the output went to the terminal. */
  output: string;
  durationMs: number;
}

export interface RunToolOptions {
  /** `show`: to our own streams as it comes. `keep`: returned. */
  output: 'show' | 'keep';
  /** Begins each line that is shown. Default none. */
  prefix?: string;
  environment?: Record<string, string>;
  cwd?: string;
  /** Default an hour. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Runs one of the project's tools to its end; its failure is a result, not an error. */
export async function runTool(command: readonly string[], options: RunToolOptions): Promise<ToolRun> {
  const started = performance.now();
  const [file = '', ...args] = command;
  const result = await execa(file, args, {
    cwd: options.cwd ?? root,
    env: { ...toolEnvironment(), ...options.environment },
    reject: false,
    all: true,
    stdin: 'ignore',
    ...(options.output === 'show' ? shownStreams(options.prefix) : {}),
    timeout: options.timeoutMs ?? 60 * 60_000,
    forceKillAfterDelay: 10_000,
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  const why = result.exitCode === undefined ? `\n${result.shortMessage ?? 'it did not run'}` : '';
  return { ok: result.exitCode === 0, output: `${result.all ?? ''}${why}`, durationMs: performance.now() - started };
}

function shownStreams(prefix = '') {
  const withPrefix = function* (line: unknown): Generator<string, void, void> {
    yield `${prefix}${String(line)}`;
  };
  const stream = prefix === '' ? ('inherit' as const) : ([withPrefix, 'inherit'] as const);
  return { stdout: stream, stderr: stream };
}

/** `1.2 s`, `3 min 4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Rows in aligned columns, the first row being the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Aborts when somebody asks this process to end; the second time it ends at once. */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`stopped by ${signal}`));
    });
  }
  return controller.signal;
}
