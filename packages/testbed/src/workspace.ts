import { once } from 'node:events';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { chmod, mkdtemp } from 'node:fs/promises';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestbedError } from './errors.ts';
import { readProcess } from './processes.ts';
import type { ReaperLine } from './reaper.ts';
import type { Reservation } from './free-port.ts';

type Reaper = ChildProcessByStdio<Writable, Readable, null>;

/**
 * One temporary directory with everything that runs in it, watched by a reaper process that removes all of it when
 * `dispose` is called or when this process ends in whatever way.
 */
export class Workspace {
  readonly directory: string;
  readonly #reaper: Reaper;
  readonly #said: Promise<string>;
  readonly #ended: Promise<unknown>;
  readonly #reservations: Reservation<unknown>[] = [];
  #disposed: Promise<void> | undefined;

  constructor(directory: string, reaper: Reaper) {
    this.directory = directory;
    this.#reaper = reaper;
    this.#said = text(reaper.stdout);
    this.#ended = once(reaper, 'exit');
    this.#write({ type: 'directory', path: directory });
  }

  /** Has this process killed, with its descendants, at the end. Call it directly after the spawn. */
  recordProcess(pid: number | undefined): void {
    const info = pid === undefined ? undefined : readProcess(pid);
    // A process that has ended by now needs nobody to end it.
    if (info) this.#write({ type: 'process', process: { pid: info.pid, startTicks: info.startTicks } });
  }

  /** Has a network namespace removed at the end, with all that runs in it. Call it *before* making it. */
  recordNamespace(name: string): void {
    this.#write({ type: 'namespace', name });
  }

  /** Has a network link of the root namespace removed at the end. Call it *before* making it. */
  recordLink(name: string): void {
    this.#write({ type: 'link', name });
  }

  /** Gives a port, a subnet or a name back once all that used it is gone. */
  recordReservation(reservation: Reservation<unknown>): void {
    this.#reservations.push(reservation);
  }

  /**
   * Makes a directory below this one, or finds it there; `path` is relative.
   *
   * @throws TestbedError `MISUSE` after `dispose`, so that a slow start cannot bring back what has been removed.
   */
  makeDirectory(path: string): string {
    this.assertOpen();
    let directory = this.directory;
    for (const part of path.split('/')) {
      directory = join(directory, part);
      // One level at a time and never the first: that one exists until it is removed for good.
      if (!existsSync(directory)) mkdirSync(directory);
    }
    return directory;
  }

  /** @throws TestbedError `MISUSE` after `dispose`: what is started now would never be ended. */
  assertOpen(): void {
    if (this.#disposed) throw new TestbedError('MISUSE', `${this.directory} has been disposed of`);
  }

  /** Leaves the directory, with logs and data, where it is at the end; the processes go all the same. */
  keepDirectory(): void {
    this.#write({ type: 'keep-directory' });
  }

  /**
   * Ends every process and removes everything; resolves when it is gone. May be repeated.
   *
   * @throws TestbedError `NOT_CLEAN` with what could not be removed.
   */
  dispose(): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    this.#reaper.ref();
    if (this.#reaper.stdout instanceof Socket) this.#reaper.stdout.ref();
    this.#reaper.stdin.end();
    const said = await this.#said;
    await this.#ended;
    for (const reservation of this.#reservations) await reservation.release();
    const problems = said === '' ? ['the reaper died without a word'] : (JSON.parse(said) as string[]);
    if (problems.length > 0) throw new TestbedError('NOT_CLEAN', `${this.directory}: ${problems.join('; ')}`);
  }

  #write(line: ReaperLine): void {
    this.assertOpen();
    this.#reaper.stdin.write(`${JSON.stringify(line)}\n`);
  }
}

export interface WorkspaceOptions {
  /** Leave the directory in place at the end, to look into logs. Default: whether `PROXPANEL_TESTBED_KEEP` is set. */
  keep?: boolean;
}

/** Makes a temporary directory that other users can enter, and starts its reaper. */
export async function openWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  // The real path, since processes are recognised by theirs.
  const directory = await mkdtemp(join(realpathSync(tmpdir()), 'proxpanel-testbed-'));
  await chmod(directory, 0o755);
  const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts')], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const workspace = new Workspace(directory, reaper);
  // The reaper waits for us, never we for it, until `dispose`.
  reaper.unref();
  for (const pipe of [reaper.stdin, reaper.stdout]) if (pipe instanceof Socket) pipe.unref();
  if (options.keep ?? process.env['PROXPANEL_TESTBED_KEEP'] !== undefined) workspace.keepDirectory();
  return workspace;
}
