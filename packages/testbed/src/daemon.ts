import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { TestbedError } from './errors.ts';
import { pauseProcess } from './pause-process.ts';
import { isAlive, readProcess, signalProcess } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import { waitFor } from './wait-for.ts';
import type { Workspace } from './workspace.ts';

export interface DaemonOptions {
  /** For messages. */
  name: string;
  workspace: Workspace;
  cwd: string;
  /** The whole environment. */
  environment: Readonly<Record<string, string>>;
  /** Its output is appended here. */
  logPath: string;
}

export interface ExitStatus {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child in a session of its own, so that a terminal's Ctrl-C does not reach it, and with its output in a file. */
export class Daemon {
  readonly identity: ProcessIdentity;
  /** Settles when it has ended. */
  readonly exited: Promise<ExitStatus>;
  readonly #name: string;

  constructor(name: string, identity: ProcessIdentity, exited: Promise<ExitStatus>) {
    this.#name = name;
    this.identity = identity;
    this.exited = exited;
  }

  isRunning(): boolean {
    return isAlive(this.identity);
  }

  /** False when it had ended. */
  signal(signal: NodeJS.Signals): boolean {
    return signalProcess(this.identity, signal);
  }

  /** SIGSTOP, and waits until nothing of it runs; SIGCONT lets it go on. */
  pause(): Promise<void> {
    return pauseProcess(this.identity.pid);
  }

  /** Sends a signal that ends it and waits for that. */
  async end(signal: 'SIGTERM' | 'SIGKILL', deadlineMs = 30_000): Promise<void> {
    if (!this.signal(signal)) return;
    const describe = `${this.#name} to end after ${signal}`;
    await waitFor(() => !this.isRunning(), { describe, deadlineMs, intervalMs: 10 });
  }
}

/**
 * Starts a long-running program.
 *
 * @throws TestbedError `MISSING_PROGRAM` when it cannot be run at all.
 */
export async function startDaemon(command: readonly string[], options: DaemonOptions): Promise<Daemon> {
  const [file = '', ...args] = command;
  options.workspace.assertOpen();
  const log = openSync(options.logPath, 'a');
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.environment },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { promise: exited, resolve } = Promise.withResolvers<ExitStatus>();
  child.once('exit', (code, signal) => resolve({ code, signal }));
  options.workspace.recordProcess(child.pid);
  const identity = child.pid === undefined ? undefined : readProcess(child.pid);
  try {
    await once(child, 'spawn', { signal: AbortSignal.timeout(20_000) });
  } catch (cause) {
    throw new TestbedError('MISSING_PROGRAM', `${options.name}: cannot run ${file}`, { cause });
  }
  child.unref();
  if (!identity) throw new TestbedError('PROCESS_DIED', `${options.name} ended at once; see ${options.logPath}`);
  return new Daemon(options.name, identity, exited);
}
