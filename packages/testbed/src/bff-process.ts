import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from './command.ts';
import { startDaemon } from './daemon.ts';
import type { Daemon, ExitStatus } from './daemon.ts';
import { TestbedError } from './errors.ts';
import { loopback } from './placement.ts';
import type { Placement } from './placement.ts';
import { waitFor } from './wait-for.ts';
import type { Workspace } from './workspace.ts';

/** The built product, as it is installed on a server (DESIGN §12). */
export const builtBffPath = join(import.meta.dirname, '../../../apps/bff/dist/main.js');

/** DESIGN §4's variables, and nothing else. */
export type BffEnvironment = Readonly<Record<string, string>>;

export interface StartBffOptions {
  /** For messages. Default `bff`. */
  name?: string;
  workspace: Workspace;
  /** Its working directory and the home of its log. */
  directory: string;
  environment: BffEnvironment;
  /** Where the caller reaches it: `http://127.0.0.1:8080`. */
  url: string;
  placement?: Placement;
  /** Default: the built BFF of this repository. */
  mainPath?: string;
}

/** A real BFF process on the Node that runs us. */
export class BffProcess {
  readonly name: string;
  readonly url: string;
  readonly logPath: string;
  readonly #options: StartBffOptions;
  #environment: BffEnvironment;
  #daemon: Daemon | undefined;

  constructor(options: StartBffOptions) {
    this.name = options.name ?? 'bff';
    this.url = options.url;
    this.logPath = join(options.directory, 'bff.log');
    this.#options = options;
    this.#environment = options.environment;
  }

  get environment(): BffEnvironment {
    return this.#environment;
  }

  get pid(): number | undefined {
    return this.#daemon?.identity.pid;
  }

  /** Starts the process; `waitUntilReady` tells when it serves. Running already: does nothing. */
  async start(): Promise<void> {
    if (this.isRunning()) return;
    const mainPath = this.#options.mainPath ?? builtBffPath;
    if (!existsSync(mainPath))
      throw new TestbedError('MISSING_PROGRAM', `${mainPath} is not built: pnpm turbo run build`);
    const placement = this.#options.placement ?? loopback;
    this.#daemon = await startDaemon(placement.wrap([process.execPath, mainPath]), {
      name: `BFF "${this.name}"`,
      workspace: this.#options.workspace,
      cwd: this.#options.directory,
      environment: { ...plainEnvironment, ...this.#environment },
      logPath: this.logPath,
    });
  }

  /**
   * Waits until GET /health answers 200.
   *
   * @throws TestbedError `PROCESS_DIED` with the end of its log, as soon as it has ended; `DEADLINE`.
   */
  async waitUntilReady(deadlineMs = 60_000): Promise<void> {
    const describe = `BFF "${this.name}" to answer on ${this.url}/health`;
    const isReady = async () => {
      if (!this.isRunning()) return 'it ended';
      const reply = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(5_000) });
      await reply.body?.cancel();
      return reply.status === 200;
    };
    await waitFor(isReady, { describe, deadlineMs, intervalMs: 25 });
    if (this.isRunning()) return;
    throw new TestbedError('PROCESS_DIED', `BFF "${this.name}" ended; its log ends:\n${this.readLog().slice(-3_000)}`);
  }

  /** SIGTERM, and waits for its end. Paused: it is resumed first, since a stopped process takes no signal but SIGKILL. */
  async stop(deadlineMs = 30_000): Promise<void> {
    this.#daemon?.signal('SIGCONT');
    await this.#daemon?.end('SIGTERM', deadlineMs);
  }

  /** SIGKILL, and waits for its end. What it started (a script, a guard) lives on, as it would on a real server. */
  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  /** SIGSTOP: from then on it holds its connections and answers nothing, like a hung process. */
  pause(): Promise<void> {
    return this.#running().pause();
  }

  /** SIGCONT. */
  resume(): void {
    this.#running().signal('SIGCONT');
  }

  /** Stops it, starts it and waits until it serves, with these variables changed (undefined takes one away). */
  async restart(changes: Record<string, string | undefined> = {}): Promise<void> {
    await this.stop();
    const merged = Object.entries({ ...this.#environment, ...changes });
    this.#environment = Object.fromEntries(merged.filter((pair): pair is [string, string] => pair[1] !== undefined));
    await this.start();
    await this.waitUntilReady();
  }

  isRunning(): boolean {
    return this.#daemon?.isRunning() ?? false;
  }

  /** How the last start ended, once it has; for a start that has to fail. */
  async exitStatus(deadlineMs = 30_000): Promise<ExitStatus> {
    const daemon = this.#daemon;
    if (!daemon) throw new TestbedError('MISUSE', `BFF "${this.name}" was never started`);
    await waitFor(() => !daemon.isRunning(), { describe: `BFF "${this.name}" to end`, deadlineMs });
    return daemon.exited;
  }

  readLog(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  #running(): Daemon {
    if (this.#daemon?.isRunning()) return this.#daemon;
    throw new TestbedError('PROCESS_DIED', `BFF "${this.name}" does not run`);
  }
}

/** Starts a BFF and waits until it serves. Its end is the workspace's. */
export async function startBff(options: StartBffOptions): Promise<BffProcess> {
  const bff = new BffProcess(options);
  await bff.start();
  await bff.waitUntilReady();
  return bff;
}
