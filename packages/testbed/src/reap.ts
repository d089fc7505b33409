import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run, runChecked } from './command.ts';
import { findPostmaster, removeSharedMemory } from './postmaster.ts';
import {
  commandLineOf,
  isAlive,
  listProcesses,
  readProcess,
  signalProcess,
  withDescendants,
  workingDirectoryOf,
} from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

/** What one workspace made outside its own directory, and must not outlive it. */
export interface Estate {
  directory: string;
  keepDirectory: boolean;
  processes: ProcessIdentity[];
  namespaces: string[];
  links: string[];
}

/**
 * Ends and removes everything that belongs to a workspace: processes (recorded, or seen to live in its directory or in
 * its network namespaces), mounts below it, System V segments of its killed PostgreSQLs, namespaces, links, directory.
 * May be repeated. Returns one sentence for each thing that could not be removed.
 */
export async function reap(estate: Estate): Promise<string[]> {
  const problems: string[] = [];
  const attempt = async (what: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt('PostgreSQL servers', () => quitPostmasters(estate.directory));
  await attempt('processes', () => killAll(estate));
  await attempt('shared memory', async () => {
    for (const dataDirectory of dataDirectoriesBelow(estate.directory)) await removeSharedMemory(dataDirectory);
  });
  for (const name of estate.namespaces) await attempt(`namespace ${name}`, () => deleteNamespace(name));
  for (const name of estate.links) await attempt(`link ${name}`, () => deleteLink(name));
  if (!estate.keepDirectory) {
    await attempt('mounts', () => unmountBelow(estate.directory));
    await attempt('directory', () => rm(estate.directory, { recursive: true, force: true, maxRetries: 5 }));
  }
  return problems;
}

/** An immediate shutdown, unlike SIGKILL, gives the shared memory back. */
async function quitPostmasters(directory: string): Promise<void> {
  const running = dataDirectoriesBelow(directory).flatMap((found) => findPostmaster(found) ?? []);
  for (const postmaster of running) signalProcess(postmaster, 'SIGQUIT');
  await gone(running, 5_000);
}

/** Rounds, since a dying process may have started another in the meantime. */
async function killAll(estate: Estate): Promise<void> {
  const until = performance.now() + 20_000;
  for (;;) {
    const found = await belongingTo(estate);
    if (found.length === 0) return;
    if (performance.now() > until) {
      const names = found.map(({ pid }) => `${pid} (${commandLineOf(pid)?.slice(0, 80) ?? ''})`);
      throw new Error(`still running: ${names.join(', ')}`);
    }
    for (const member of found) signalProcess(member, 'SIGKILL');
    await gone(found, 2_000);
  }
}

async function belongingTo(estate: Estate): Promise<ProcessIdentity[]> {
  const found = new Map<number, ProcessIdentity>();
  const add = (member: ProcessIdentity) => {
    if (member.pid !== process.pid && isAlive(member)) found.set(member.pid, member);
  };
  for (const recorded of estate.processes) {
    if (isAlive(recorded)) for (const member of withDescendants(recorded)) add(member);
  }
  for (const info of listProcesses()) if (livesIn(estate.directory, info.pid, info.terminal)) add(info);
  for (const name of estate.namespaces) {
    const { exitCode, stdout } = await run(['ip', 'netns', 'pids', name]);
    const pids = exitCode === 0 ? stdout.split(/\s+/).filter(Boolean).map(Number) : [];
    for (const pid of pids) {
      const info = readProcess(pid);
      if (info) add(info);
    }
  }
  return [...found.values()];
}

/**
 * A process without terminal that works in the directory or names it in its arguments can only be a server, a script
 * or a guard of this workspace; one with a terminal is a person who looks at it.
 */
function livesIn(directory: string, pid: number, terminal: number): boolean {
  if (terminal !== 0) return false;
  const working = workingDirectoryOf(pid);
  if (working === directory || working?.startsWith(`${directory}/`)) return true;
  return commandLineOf(pid)?.includes(`${directory}/`) ?? false;
}

/** Data directories of this workspace, also those that a script moved aside: <server>/postgres/<any name>. */
function dataDirectoriesBelow(directory: string): string[] {
  const found: string[] = [];
  for (const server of subdirectories(directory)) {
    for (const place of [server, ...subdirectories(server)]) {
      found.push(...subdirectories(place).filter((each) => existsSync(join(each, 'postmaster.pid'))));
    }
  }
  return found;
}

function subdirectories(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
}

async function deleteNamespace(name: string): Promise<void> {
  if (!existsSync(`/run/netns/${name}`)) return;
  await runChecked(['ip', 'netns', 'delete', name]);
}

async function deleteLink(name: string): Promise<void> {
  // Deleting a namespace or the other end of a pair takes a link along, a moment later.
  if (!hasLink(name)) return;
  const { exitCode, stderr } = await run(['ip', 'link', 'delete', name]);
  if (exitCode !== 0 && hasLink(name)) throw new Error(stderr);
}

/** In the network namespace of this very process; /sys/class/net shows the one in which /sys was mounted. */
function hasLink(name: string): boolean {
  return readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .some((line) => line.trimStart().startsWith(`${name}:`));
}

async function unmountBelow(directory: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const below = points.map((line) => line.split(' ')[4] ?? '').filter((point) => point.startsWith(`${directory}/`));
  for (const point of below.reverse()) await runChecked(['umount', '--lazy', point]);
}

async function gone(processes: ProcessIdentity[], withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (processes.some(isAlive) && performance.now() < until) await delay(10);
}

/** Refuses a directory that the testbed cannot have made, before anything in it is killed or removed. */
export function isWorkspaceDirectory(directory: string): boolean {
  return basename(directory).startsWith('proxpanel-testbed-') && dirname(directory) !== '/';
}
