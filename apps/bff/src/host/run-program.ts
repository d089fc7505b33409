/** Short runs of other programs: what they said and how they ended, within a time. */
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { Fault, messageOf } from '../fault.ts';

const MAX_OUTPUT = 64_000;

export interface ProgramRun {
  readonly exitCode: number;
  /** Standard output, then standard error; the first 64 kB. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs `command` without a shell, in a session of its own: a server that it starts belongs neither to our process group
 * nor to our terminal. Its environment is plain, since DATABASE_URL and the like are nothing that it needs. Resolves when
 * the program itself has ended, whoever holds its pipes by then; 128 + 15 or 9 after a signal.
 *
 * @throws Fault HOST_FAULT when it cannot be started or takes longer than `timeoutMs`; the signal's reason when aborted.
 * In both cases it is told to end, and what it had asked of others goes on.
 */
export async function runProgram(command: readonly string[], options: ProgramOptions): Promise<ProgramRun> {
  options.signal.throwIfAborted();
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: homedir(),
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(0, MAX_OUTPUT);
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', (error) => {
    reject(new Fault('HOST_FAULT', `${program} cannot be run: ${messageOf(error)}.`, { cause: error }));
  });
  // What it wrote last may come in after its end; a server that holds the pipes keeps 'close' from ever coming.
  child.once('exit', (code, ended) => setImmediate(() => resolve(code ?? (ended === 'SIGKILL' ? 137 : 143))));
  const give = (reason: Error): void => {
    child.kill('SIGTERM');
    reject(reason);
  };
  const onAbort = (): void => give(options.signal.reason as Error);
  options.signal.addEventListener('abort', onAbort, { once: true });
  const limit = setTimeout(() => {
    const seconds = Math.round(options.timeoutMs / 1_000);
    give(new Fault('HOST_FAULT', `${program} ${args[0] ?? ''} did not end within ${seconds} s.`));
  }, options.timeoutMs);
  try {
    return { exitCode: await promise, output };
  } finally {
    clearTimeout(limit);
    options.signal.removeEventListener('abort', onAbort);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** The same for a program that has to succeed; HOST_FAULT with the end of what it said. */
export async function runChecked(command: readonly string[], options: ProgramOptions): Promise<string> {
  const { exitCode, output } = await runProgram(command, options);
  if (exitCode === 0) return output;
  throw new Fault('HOST_FAULT', `${command[0] ?? ''} ended with ${exitCode}: ${endOf(output)}`);
}

/** The last words of a program, in one line. */
export function endOf(output: string): string {
  return output.trim().split('\n').slice(-5).join(' ').slice(-500);
}
