import { execa } from 'execa';
import { TestbedError } from './errors.ts';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; default a plain one, so that the caller's own settings cannot leak in. */
  environment?: Record<string, string>;
  /** Default 60 000 ms; the child is then killed. */
  timeoutMs?: number;
  /** Text for the child's standard input. */
  input?: string;
  signal?: AbortSignal;
}

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** What a service of a plain Debian server finds in its environment. */
export const plainEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/**
 * Runs a program to its end and returns its exit code and output, whatever the code is.
 *
 * @throws TestbedError `COMMAND_TIMED_OUT`; `MISSING_PROGRAM`; `COMMAND_FAILED` when it died by a signal.
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [file, ...args] = command;
  if (file === undefined) throw new TestbedError('MISUSE', 'run() needs a program');
  const timeoutMs = options.timeoutMs ?? 60_000;
  const result = await execa(file, args, {
    reject: false,
    extendEnv: false,
    env: options.environment ?? plainEnvironment,
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  if (options.signal?.aborted) throw options.signal.reason;
  if (result.timedOut) {
    throw new TestbedError('COMMAND_TIMED_OUT', `${file} did not end within ${timeoutMs} ms`);
  }
  if (result.code === 'ENOENT') throw new TestbedError('MISSING_PROGRAM', `there is no program "${file}" here`);
  if (result.exitCode === undefined) {
    throw new TestbedError(
      'COMMAND_FAILED',
      `${file} died: ${result.shortMessage ?? result.signal ?? 'no reason given'}`,
    );
  }
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Like `run`, for a program that has to succeed.
 *
 * @throws TestbedError `COMMAND_FAILED` with the end of its output, and those of `run`.
 */
export async function runChecked(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const result = await run(command, options);
  if (result.exitCode !== 0) {
    const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-15).join('\n');
    throw new TestbedError('COMMAND_FAILED', `${command.join(' ')} ended with ${result.exitCode}:\n${said}`);
  }
  return result;
}
