/** Writing and running the generated scripts (DESIGN §5, §6.5). */
import { spawn } from 'node:child_process';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogPort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { isFileError } from './state-directory.ts';

/** After an abort the script puts the old data directory back; a large one across file systems takes its time. */
const KILL_AFTER_MS = 120_000;
const MAX_LOGGED_LINE = 2_000;

/**
 * `directory`/`name` with mode 0700. SCRIPT_DIR is often /tmp, where anybody can lay a link: the directory itself must
 * be none, and a link of the script's name is replaced, not followed.
 *
 * @throws Fault HOST_FAULT.
 */
export async function writeScript(directory: string, name: string, text: string): Promise<string> {
  if (!/^[a-z0-9_-]+\.sh$/.test(name)) throw new Fault('HOST_FAULT', `"${name}" is no name of a script.`);
  const path = join(directory, name);
  try {
    const kind = await lstat(directory).catch((error: unknown) => {
      if (isFileError(error, 'ENOENT')) return null;
      throw error;
    });
    if (kind === null) await mkdir(directory, { recursive: true, mode: 0o700 });
    else if (kind.isSymbolicLink()) throw new Error('the directory is a symbolic link; set SCRIPT_DIR to its target');
    else if (!kind.isDirectory()) throw new Error('SCRIPT_DIR is not a directory');
    await writeFileAtomically(path, text, 0o700);
  } catch (error) {
    throw new Fault('HOST_FAULT', `The script ${path} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
  return path;
}

export interface RunOptions {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly log: LogPort;
}

/**
 * Runs the script with bash in a process group of its own, so that a Ctrl-C at the BFF's terminal does not reach it and
 * an abort reaches all that it started. Its output goes to the log. An abort sends SIGTERM and still waits for the end:
 * the script undoes what it did. Resolves with the exit code, 128 + n after signal n.
 *
 * @throws Fault HOST_FAULT when it cannot be started.
 */
export async function runScript(path: string, options: RunOptions): Promise<number> {
  const { args, environment, signal, log } = options;
  signal.throwIfAborted();
  const child = spawn('bash', [path, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Not ours: DATABASE_URL and the like are nothing that a script needs.
    env: { ...environment },
    cwd: '/',
  });
  logLines(child.stdout, (line) => {
    log.info({ script: path }, line);
  });
  logLines(child.stderr, (line) => {
    log.warn({ script: path }, line);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let kill: NodeJS.Timeout | undefined;
  const onAbort = () => {
    signalGroup(child.pid, 'SIGTERM', log);
    kill = setTimeout(() => {
      signalGroup(child.pid, 'SIGKILL', log);
    }, KILL_AFTER_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  child.once('error', (error) => {
    reject(new Fault('HOST_FAULT', `The script ${path} cannot be run: ${messageOf(error)}.`, { cause: error }));
  });
  // 'exit' and not 'close': a server that the script has started may keep the pipes open for years.
  child.once('exit', (code, ended) => {
    resolve(code ?? 128 + (ended === 'SIGKILL' ? 9 : 15));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(kill);
    signal.removeEventListener('abort', onAbort);
  }
}

function signalGroup(pid: number | undefined, name: 'SIGTERM' | 'SIGKILL', log: LogPort): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    // ESRCH: it has just ended by itself, and 'exit' tells so.
    if (!isFileError(error, 'ESRCH')) log.error({ reason: messageOf(error) }, `${name} could not be sent to a script`);
  }
}

function logLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LOGGED_LINE);
    for (const line of lines) onLine(line.slice(0, MAX_LOGGED_LINE));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
