/** Writers as processes of their own, on any host of a testbed, and what they were promised. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { plainEnvironment } from '../command.ts';
import { TestbedError } from '../errors.ts';
import { loopback } from '../placement.ts';
import type { Placement } from '../placement.ts';
import { waitFor } from '../wait-for.ts';
import type { Workspace } from '../workspace.ts';
import type { Acknowledgement } from './judge.ts';
import { monotonicMs } from './monotonic.ts';
import type { WriterConfig, WriterLine } from './writer-program.ts';

export interface StartWritersOptions {
  workspace: Workspace;
  /** On which host they run. Default: on the test's own, which reaches all servers over their common bridge. */
  from?: Placement;
  config: WriterConfig;
}

/** Running writers. */
export class Writers {
  /** In the order in which they were heard by each client. */
  readonly acks: Acknowledgement[] = [];
  /** How often each server gave which error, once they have been stopped. */
  refusals: Readonly<Record<string, number>> = {};
  readonly #end: () => Promise<void>;

  constructor(end: () => Promise<void>) {
    this.#end = end;
  }

  /** Waits for the first acknowledgement after that moment, of that server or of any. */
  async waitForAck(afterMs: number, options: { server?: string; deadlineMs?: number } = {}): Promise<Acknowledgement> {
    const { server, deadlineMs = 60_000 } = options;
    const isWanted = (ack: Acknowledgement) => ack.heardMs > afterMs && (server === undefined || ack.server === server);
    return waitFor(() => this.acks.findLast(isWanted) && this.acks.find(isWanted), {
      describe: `an acknowledgement of ${server ?? 'any server'}`,
      deadlineMs,
      intervalMs: 20,
    });
  }

  /** Waits until all goes smoothly: so many acknowledgements from now on. */
  async waitForAcks(count: number, deadlineMs = 60_000): Promise<void> {
    const before = this.acks.length;
    await waitFor(() => this.acks.length - before, {
      ...{ describe: `${count} acknowledgements`, deadlineMs, intervalMs: 20 },
      until: (seen) => seen >= count,
    });
  }

  /** Lets each client end its statement; may be repeated. */
  async stop(): Promise<void> {
    await this.#end();
  }
}

/**
 * Starts writers; they end with `stop`, with this process or with the workspace.
 *
 * @throws TestbedError `PROCESS_DIED` from `stop` when they ended badly.
 */
export function startWriters({ workspace, from = loopback, config }: StartWritersOptions): Writers {
  workspace.assertOpen();
  const program = join(import.meta.dirname, 'writer-program.ts');
  const [file = '', ...args] = from.wrap([process.execPath, program, JSON.stringify(config)]);
  const child = spawn(file, args, { env: { ...plainEnvironment }, detached: true, stdio: 'pipe' });
  workspace.recordProcess(child.pid);
  const exited = once(child, 'exit');
  const said = text(child.stderr);
  const lines = createInterface({ input: child.stdout });
  const read = once(lines, 'close');
  let ended: Promise<void> | undefined;
  const end = async () => {
    child.stdin.end();
    const [code] = (await exited) as [number | null];
    await read;
    if (code !== 0) throw new TestbedError('PROCESS_DIED', `the writers ended with ${code}: ${await said}`);
  };
  const writers = new Writers(() => (ended ??= end()));
  lines.on('line', (line) => {
    const parsed = JSON.parse(line) as WriterLine;
    if ('ack' in parsed) writers.acks.push(parsed.ack);
    else writers.refusals = parsed.refusals;
  });
  return writers;
}

/** Runs `use` with the writers at work; stopped afterwards, also when it fails. Returns when it began. */
export async function whileWriting(writers: readonly Writers[], use: () => Promise<void>): Promise<number> {
  try {
    // About a second of the clients: what follows is measured against a steady stream.
    await Promise.all(writers.map((each) => each.waitForAcks(100)));
    const beganMs = monotonicMs();
    await use();
    return beganMs;
  } finally {
    await Promise.all(writers.map((each) => each.stop()));
  }
}
