import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { diskToolFragment } from './fragment-disk-tool.ts';

// Issue 2, "killed half-way (SIGTERM and SIGKILL: the old data comes back)", at every single step on the disk.

// Hundreds of short programs a test, on a machine that others use too.
vi.setConfig({ testTimeout: 180_000 });

const files: Record<string, string> = {
  PG_VERSION: '15\n',
  'postgresql.conf': 'port = 1\n',
  '.hidden': 'of the old data\n',
  'base/1/1249': 'old table\n',
  'global/pg_control': 'old control\n',
};

async function makeData(directory: string, content: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(content)) {
    const path = join(directory, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  }
}

async function readData(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const read: Record<string, string> = {};
  for (const entry of entries.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    read[path.slice(directory.length + 1)] = await readFile(path, 'utf8');
  }
  return read;
}

/** `mv` and `rm` that kill the shell which called them at the n-th call, before or after doing their work. */
async function deadlyPrograms(directory: string, when: 'before' | 'after'): Promise<string> {
  const programs = join(directory, 'programs');
  await mkdir(programs);
  const count = `n=$(($(cat ${directory}/count) - 1)); echo $n >${directory}/count`;
  const kill = '[ $n -ne 0 ] || kill -KILL $PPID';
  for (const name of ['mv', 'rm']) {
    const steps =
      when === 'before'
        ? [count, kill, '[ $n -ne 0 ] || exit 9', `/bin/${name} "$@"`]
        : [`/bin/${name} "$@" || exit`, count, kill];
    await writeFile(join(programs, name), `#!/bin/sh\n${steps.join('\n')}\n`);
    await chmod(join(programs, name), 0o755);
  }
  // The disk is not what is tried here, and flushing it a thousand times takes long.
  await writeFile(join(programs, 'sync'), '#!/bin/sh\n');
  await chmod(join(programs, 'sync'), 0o755);
  return programs;
}

interface Ran {
  failed: boolean;
  stdout: string;
  stderr: string;
}

function runTool(path: string, args: string[]): Ran {
  const options = { encoding: 'utf8', env: { PATH: path }, timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', diskToolFragment, 'disk-tool', ...args], options);
  return { failed: status !== 0, stdout, stderr };
}

/** The disk's part of a join that fails at its end. Stops at the first action that is killed. */
async function joinAndFail(
  tool: (...args: string[]) => Ran,
  data: string,
  { mode, label }: { mode: string; label: string },
): Promise<boolean> {
  if (tool('mark_stopping', data, mode, 'yes', '').failed) return false;
  const moved = tool('move_aside', data, mode, '20261122T200000Z', 'yes', '', label);
  if (moved.failed) return false;
  const target = /^target=(.*)$/m.exec(moved.stdout)?.[1] ?? 'none';
  await makeData(target, { PG_VERSION: '15\n', 'base/1/1249': 'new table\n', 'standby.signal': '', '.new': 'x' });
  // A rewind that did not work, and a clone in its place.
  if (label === 'rejoin') {
    if (tool('empty_target', data, target).failed) return false;
    await makeData(target, { PG_VERSION: '15\n', 'base/1/1249': 'newest table\n', 'standby.signal': '' });
  }
  if (target !== data && tool('place', data, target).failed) return false;
  return !tool('restore', data).failed;
}

test.for([
  ['rename', 'before', 'join'],
  ['rename', 'after', 'join'],
  ['contents', 'before', 'join'],
  ['contents', 'after', 'join'],
  ['rename', 'before', 'rejoin'],
  ['rename', 'after', 'rejoin'],
  ['contents', 'before', 'rejoin'],
  ['contents', 'after', 'rejoin'],
] as const)('mode %s, killed %s each move and each removal of a %s: the old data come back whole', async (each) => {
  const [mode, when, label] = each;
  const base = await mkdtemp(join(tmpdir(), 'proxpanel-disk-'));
  try {
    const programs = await deadlyPrograms(base, when);
    const safePath = process.env['PATH'] ?? '';
    let finished = false;
    let step = 0;
    while (!finished) {
      step += 1;
      expect(step).toBeLessThan(100);
      await writeFile(join(base, 'count'), `${String(step)}\n`);
      const parent = join(base, 'parent');
      const data = join(parent, 'data');
      await mkdir(parent);
      await makeData(data, files);
      finished = await joinAndFail((...args) => runTool(`${programs}:${safePath}`, args), data, { mode, label });

      const restored = runTool(safePath, ['restore', data]);
      if (restored.failed) expect(restored.stderr).toContain('there is no record of an interrupted run');
      expect(runTool(safePath, ['unmark', data]).failed).toBe(false);
      expect(await readData(data), `step ${String(step)}`).toEqual(files);
      expect(await readdir(parent), `step ${String(step)}`).toEqual(['data']);
      expect((await readdir(data)).sort(), `step ${String(step)}`).toEqual([
        '.hidden',
        'PG_VERSION',
        'base',
        'global',
        'postgresql.conf',
      ]);
      await rm(parent, { recursive: true });
    }
    expect(step).toBeGreaterThan(mode === 'rename' ? 6 : 15);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});

test('is POSIX sh that shellcheck finds nothing in', () => {
  const { stdout, status } = spawnSync('shellcheck', ['--shell=sh', '-'], {
    input: diskToolFragment,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
