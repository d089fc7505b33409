import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { commandLineOf, listProcesses, workingDirectoryOf } from './processes.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';

/** What a test run leaves when it is killed: its processes, its directory, its shared memory. */
function remains(directory: string, sharedMemoryIds: readonly string[]): string[] {
  const processes = listProcesses().filter(({ pid, state }) => {
    if (state === 'Z') return false;
    return workingDirectoryOf(pid)?.startsWith(directory) || commandLineOf(pid)?.includes(directory);
  });
  const segments = readFileSync('/proc/sysvipc/shm', 'utf8')
    .split('\n')
    .filter((line) => sharedMemoryIds.includes(line.trim().split(/\s+/)[1] ?? ''));
  const left = processes.map(({ pid }) => `process ${pid} ${commandLineOf(pid)}`);
  return [...left, ...segments.map((line) => `segment ${line}`), ...(existsSync(directory) ? [directory] : [])];
}

interface Made {
  directory: string;
  sharedMemoryIds: string[];
}

/** A process of its own that makes servers, says where, and then waits to be killed. */
async function startOwner() {
  const module = JSON.stringify(join(import.meta.dirname, 'workspace.ts'));
  const program = `
    const { openWorkspace } = await import(${module});
    const { startPostgres } = await import(${module.replace('workspace.ts', 'postgres-server.ts')});
    const { startRedis } = await import(${module.replace('workspace.ts', 'redis-server.ts')});
    const { readPostmasterFile } = await import(${module.replace('workspace.ts', 'postmaster.ts')});
    const workspace = await openWorkspace();
    const running = await startPostgres({ workspace, name: 'running' });
    const restarted = await startPostgres({ workspace, name: 'restarted' });
    const killed = await startPostgres({ workspace, name: 'killed' });
    await startRedis({ workspace });
    const sharedMemoryIds = [running, restarted, killed].map((each) => readPostmasterFile(each.dataDirectory).sharedMemory.id);
    process.kill(readPostmasterFile(killed.dataDirectory).pid, 'SIGKILL');
    await restarted.stop();
    await restarted.runProgram('pg_ctl', ['start', '-w', '-D', restarted.dataDirectory, '-l', restarted.logPath]);
    console.log(JSON.stringify({ directory: workspace.directory, sharedMemoryIds }));
    setInterval(() => undefined, 1000);
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line', {
    signal: AbortSignal.timeout(90_000),
  })) as [string];
  return { owner, made: JSON.parse(line) as Made };
}

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
  'an owner that dies of %s leaves nothing behind',
  async (signal) => {
    const { owner, made } = await startOwner();
    expect(remains(made.directory, []).length).toBeGreaterThan(3);
    owner.kill(signal);
    await waitFor(() => remains(made.directory, made.sharedMemoryIds), {
      describe: 'everything to be gone',
      deadlineMs: 60_000,
      until: (left) => left.length === 0,
    });
  },
);

test('dispose resolves when all is gone, also what nobody recorded, and may be repeated', async () => {
  const workspace = await openWorkspace();
  const postgres = await startPostgres({ workspace });
  await startRedis({ workspace });
  // A guard that PostgreSQL started and that has left its session (SAFETY §3): only its working directory tells.
  await postgres.query(`COPY (SELECT 1 WHERE false) TO PROGRAM 'setsid nohup sleep 1000 >/dev/null 2>&1 &'`);
  expect(remains(workspace.directory, []).filter((each) => each.includes('sleep 1000'))).toHaveLength(1);
  await workspace.dispose();
  expect(remains(workspace.directory, [])).toEqual([]);
  await workspace.dispose();
});

test('keep leaves the directory with its logs, and no process', async () => {
  const workspace = await openWorkspace({ keep: true });
  const redis = await startRedis({ workspace });
  await workspace.dispose();
  expect(redis.readLog()).toContain('Ready to accept connections');
  expect(remains(workspace.directory, [])).toEqual([workspace.directory]);
  await rm(workspace.directory, { recursive: true });
});
