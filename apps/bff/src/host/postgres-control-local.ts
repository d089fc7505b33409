/** Control over a PostgreSQL that runs as processes of this machine: pg_ctl and Debian's pg_ctlcluster. */
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../fault.ts';
import { latestCheckpointIn } from './control-data.ts';
import { readLatestCheckpoint } from './control-file.ts';
import type { ControlWay } from './control-way.ts';
import { countPostgresProcesses, findPostmaster, findServerLog, ownerOf, readLastStart } from './postgres-processes.ts';
import { endOf, runChecked, runProgram } from './run-program.ts';

const PROGRAM_LIMIT_MS = 70_000;
const STOP_LIMIT_MS = 300_000;
/** A server that is up but still busy recovering has started as far as this is concerned. */
const START_WAIT_SECONDS = 5;
const POLL_MS = 5;

/** POSTGRES_CONTROL=pg_ctl:<data directory>. */
export function createPgCtlWay(dataDirectory: string): ControlWay {
  let log: string | null = null;
  return {
    async stop(signal) {
      const postmaster = await findPostmaster(dataDirectory);
      if (postmaster === null) return;
      log = (await findServerLog(postmaster)) ?? log;
      // As `pg_ctl stop -m fast` does, which looks whether it has ended ten times a second alone.
      process.kill(postmaster, 'SIGINT');
      await untilStopped(dataDirectory, signal);
    },
    async start(signal) {
      if ((await findPostmaster(dataDirectory)) !== null) return;
      const last = await readLastStart(dataDirectory);
      const file = log ?? join(await realpath(dataDirectory), 'startup.log');
      const options = (last?.args ?? []).map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
      const wait = ['-s', '-w', '-t', String(START_WAIT_SECONDS)];
      const start = ['start', ...wait, '-D', dataDirectory, '-l', file, ...(options === '' ? [] : ['-o', options])];
      const command = await asOwner(dataDirectory, ['pg_ctl', ...start]);
      const run = await runProgram(command, { timeoutMs: PROGRAM_LIMIT_MS, signal });
      if (run.exitCode === 0 || (await findPostmaster(dataDirectory)) !== null) return;
      throw new Fault('HOST_FAULT', `PostgreSQL did not start; ${file} says why: ${endOf(run.output)}`);
    },
    latestCheckpoint: async (signal) =>
      (await readLatestCheckpoint(dataDirectory)) ?? readControlData(dataDirectory, signal),
    livingProcesses: () => countPostgresProcesses(dataDirectory),
  };
}

/** POSTGRES_CONTROL=pg_ctlcluster:<version>/<name>. Without further options: with them it would go past systemd. */
export function createPgCtlClusterWay(version: string, name: string): ControlWay {
  const locate = async (signal: AbortSignal): Promise<string> => {
    const options = { timeoutMs: PROGRAM_LIMIT_MS, signal };
    return (await runChecked(['pg_conftool', '-s', version, name, 'show', 'data_directory'], options)).trim();
  };
  return {
    async stop(signal) {
      const dataDirectory = await locate(signal);
      if ((await findPostmaster(dataDirectory)) === null) return;
      const run = await runProgram(['pg_ctlcluster', version, name, 'stop'], { timeoutMs: PROGRAM_LIMIT_MS, signal });
      // It gives up waiting after a minute; PostgreSQL does not give up stopping. But one that was never told to...
      if (run.exitCode === 0 || (await findPostmaster(dataDirectory)) === null) return;
      if (!/timed out|did not shut down|still running/i.test(run.output)) {
        throw new Fault('HOST_FAULT', `pg_ctlcluster could not stop PostgreSQL: ${endOf(run.output)}`);
      }
      await untilStopped(dataDirectory, signal);
    },
    async start(signal) {
      const dataDirectory = await locate(signal);
      const run = await runProgram(['pg_ctlcluster', version, name, 'start'], { timeoutMs: PROGRAM_LIMIT_MS, signal });
      if (run.exitCode === 0 || (await findPostmaster(dataDirectory)) !== null) return;
      throw new Fault('HOST_FAULT', `PostgreSQL did not start: ${endOf(run.output)}`);
    },
    latestCheckpoint: async (signal) => readControlData(await locate(signal), signal),
    livingProcesses: async () => countPostgresProcesses(await locate(AbortSignal.timeout(PROGRAM_LIMIT_MS))),
  };
}

/** postmaster.pid goes last of all, when every child has ended. */
async function untilStopped(dataDirectory: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + STOP_LIMIT_MS;
  while ((await findPostmaster(dataDirectory)) !== null) {
    signal.throwIfAborted();
    if (performance.now() > deadlineMs) {
      throw new Fault('HOST_FAULT', 'PostgreSQL has been stopping for 300 s and has not ended.');
    }
    // An abort during the pause is seen at the top of the loop.
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function readControlData(dataDirectory: string, signal: AbortSignal): Promise<bigint> {
  const command = await asOwner(dataDirectory, ['pg_controldata', '-D', dataDirectory]);
  return latestCheckpointIn(await runChecked(command, { timeoutMs: PROGRAM_LIMIT_MS, signal }));
}

/** One of the server's own programs, as the user who owns its data: PostgreSQL refuses to be root. */
async function asOwner(dataDirectory: string, [program = '', ...args]: readonly string[]): Promise<string[]> {
  const owner = await ownerOf(dataDirectory);
  if (owner === null) throw new Fault('HOST_FAULT', `There is no data directory ${dataDirectory} that can be seen.`);
  const command = [join(await binDirectoryOf(dataDirectory), program), ...args];
  if (process.getuid?.() !== 0) return command;
  return ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--init-groups', '--', ...command];
}

async function binDirectoryOf(dataDirectory: string): Promise<string> {
  const last = await readLastStart(dataDirectory);
  if (last !== null) return last.binDirectory;
  // Never started here: where Debian keeps the programs of the version that made it.
  const version = await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8').catch((error: unknown) => {
    throw new Fault('HOST_FAULT', `${dataDirectory} is not a data directory of PostgreSQL.`, { cause: error });
  });
  return `/usr/lib/postgresql/${version.trim()}/bin`;
}
