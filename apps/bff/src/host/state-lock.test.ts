import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stateLockFault, takeStateLock } from './state-lock.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-lock-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test('a second one is told who holds it, and gets it once that has let go', async () => {
  const first = await takeStateLock(directory, 'the panel');
  if (!first.taken) throw new Error('the lock of a new directory was held');
  const second = await takeStateLock(directory, 'another');
  expect(second).toMatchObject({ taken: false, holder: { program: 'the panel', pid: process.pid } });
  if (second.taken) throw new Error('two hold the lock');
  expect(stateLockFault(directory, second.holder).message).toContain(`the panel (process ${String(process.pid)}`);
  first.release();
  expect(await takeStateLock(directory, 'another')).toMatchObject({ taken: true });
});

test('the lock ends with its process, however that ends, and outlives what the process has started', async () => {
  const text = `
    import { spawn } from 'node:child_process';
    import { takeStateLock } from ${JSON.stringify(join(import.meta.dirname, 'state-lock.ts'))};
    const lock = await takeStateLock(process.argv[1], 'a process');
    const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    process.stdout.write(JSON.stringify({ taken: lock.taken, child: child.pid }) + '\\n');
    setInterval(() => undefined, 1_000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', text, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const { taken, child } = JSON.parse(line.toString()) as { taken: boolean; child: number };
  try {
    expect(taken).toBe(true);
    expect(await takeStateLock(directory, 'us')).toMatchObject({ taken: false, holder: { program: 'a process' } });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await takeStateLock(directory, 'us')).toMatchObject({ taken: true });
  } finally {
    holder.kill('SIGKILL');
    process.kill(child, 'SIGKILL');
  }
});
