/** Many requests from a process of their own, so that counting them costs the measured process nothing but the machine. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly seconds: number;
}

interface GeneratorReport {
  readonly requests: { readonly total: number };
  readonly latency: { readonly p99: number };
  readonly duration: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

const generator = fileURLToPath(import.meta.resolve('autocannon'));

/** Runs the load to its end. Any reply but a success, and any fault of a connection, is an error: it was no measurement. */
export async function runLoad({ url, token, connections, seconds }: Load): Promise<LoadResult> {
  const amount = ['--connections', String(connections), '--duration', String(seconds)];
  const { stdout } = await execa(
    process.execPath,
    [generator, '--json', ...amount, '--headers', `authorization=Bearer ${token}`, url],
    { stdin: 'ignore', stderr: 'ignore', timeout: (seconds + 30) * 1_000 },
  );
  const { requests, latency, duration, errors, timeouts, non2xx } = JSON.parse(stdout) as GeneratorReport;
  if (requests.total === 0 || errors + timeouts + non2xx > 0) {
    throw new Error(`${url}: ${String(non2xx)} refusals, ${String(errors)} faults, ${String(timeouts)} time-outs`);
  }
  return { requestsPerSecond: requests.total / duration, p99Ms: latency.p99 };
}
