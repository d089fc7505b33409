import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

/**
 * `mv` and `rm` that kill the shell which called them at the n-th call, before or after doing their work. Functions of that
 * shell and not programs: each would be a process more, of thousands.
 */
async function deadlyFunctions(directory: string, when: 'before' | 'after'): Promise<string> {
  const countPath = join(directory, 'count');
  const lines = ['mv', 'rm'].map((name) => {
    const count = `read -r n <'${countPath}'; n=$((n - 1)); echo $n >'${countPath}'`;
    // A subshell's `$$` is the shell's that it belongs to: it has to end itself too.
    const kill = `[ $n -ne 0 ] || { kill -KILL $$; exit 9; }`;
    const work = `command ${name} "$@"`;
    const steps = when === 'before' ? [count, kill, work] : [`${work} || return`, count, kill];
    return `${name}() {\n${steps.join('\n')}\n}`;
  });
  const path = join(directory, 'functions.sh');
  // The disk is not what is tried here, and flushing it a thousand times takes long.
  await writeFile(path, `${[...lines, 'sync() { :; }'].join('\n')}\n`);
  return path;
}

interface Ran {
  failed: boolean;
  stdout: string;
  stderr: string;
}

/** Runs the tool; `before` is a file of shell functions that stand in its way. */
function runTool(args: string[], before = '/dev/null'): Ran {
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'] }, timeout: 60_000 } as const;
  const script = `. '${before}'\n${diskToolFragment}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'disk-tool', ...args], options);
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
    const functions = await deadlyFunctions(base, when);
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
      finished = await joinAndFail((...args) => runTool(args, functions), data, { mode, label });

      const restored = runTool(['restore', data]);
      if (restored.failed) expect(restored.stderr).toContain('there is no record of an interrupted run');
      expect(runTool(['unmark', data]).failed).toBe(false);
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
