import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { createClock } from './clock.ts';
import { createHost } from './machine.ts';
import { recordingLog, temporaryDirectory } from './test-node-file.ts';

const hostIn = (scriptDir: string, log = recordingLog()) => createHost({ scriptDir, log });

test('the CPU figure rises while CPU is burnt', async () => {
  const host = hostIn('/tmp');
  const burners = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'while (true);'], { stdio: 'ignore' }),
  );
  try {
    const figure = await waitFor(() => host.cpuPercent(), {
      describe: 'a CPU figure of a machine that is busy on every core',
      deadlineMs: 60_000,
      intervalMs: 250,
      until: (percent) => percent !== null && percent > 80,
    });
    expect(figure).toBeLessThanOrEqual(100);
  } finally {
    for (const burner of burners) burner.kill('SIGKILL');
  }
}, 90_000);

test('the CPU figure is of the last interval, not since boot', async () => {
  const host = hostIn('/tmp');
  const ticks = async () =>
    (await readFile('/proc/stat', 'utf8')).split('\n')[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  const before = await ticks();
  await host.cpuPercent();
  const figure = await waitFor(() => host.cpuPercent(), { describe: 'a figure', intervalMs: 500 });
  const after = await ticks();
  const spent = after.map((value, index) => value - (before[index] ?? 0));
  const total = spent.reduce((sum, value) => sum + value, 0);
  const idle = (spent[3] ?? 0) + (spent[4] ?? 0);
  expect(Math.abs(figure - (100 * (total - idle)) / total)).toBeLessThan(25);
});

test('memory is a share of the whole', async () => {
  const percent = await hostIn('/tmp').memoryPercent();
  expect(percent).toBeGreaterThan(0);
  expect(percent).toBeLessThanOrEqual(100);
});

test('the disk figure follows a small mount as it fills, as df says it', async () => {
  // A file system of a known size can only be mounted by root, as which CI and the test bed run.
  expect(process.getuid?.(), 'this test mounts a tmpfs and needs root').toBe(0);
  await using directory = await temporaryDirectory();
  const mount = join(directory.path, 'mount');
  await mkdir(mount);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount]);
  try {
    const host = hostIn('/tmp');
    expect(await host.diskUsage(mount)).toEqual({ usedPercent: 0, freeBytes: 8 * 1024 * 1024 });
    await writeFile(join(mount, 'half'), Buffer.alloc(4 * 1024 * 1024));
    expect(await host.diskUsage(mount)).toEqual({ usedPercent: 50, freeBytes: 4 * 1024 * 1024 });
    await writeFile(join(mount, 'more'), Buffer.alloc(3 * 1024 * 1024));
    const df = execFileSync('df', ['--output=pcent,avail', '-B1', mount], { encoding: 'utf8' });
    const [, percent, free] = /(\d+)%\s+(\d+)/.exec(df) ?? [];
    const usage = await host.diskUsage(mount);
    expect(Math.ceil(usage?.usedPercent ?? 0)).toBe(Number(percent));
    expect(usage?.freeBytes).toBe(Number(free));
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('a path that this process cannot see has no disk figure', async () => {
  const host = hostIn('/tmp');
  expect(await host.diskUsage('/no/such/path')).toBeNull();
  expect(await host.diskUsage('/proc/self/status/below')).toBeNull();
});

test("a script is this user's alone and replaces a link of its name without following it", async () => {
  await using directory = await temporaryDirectory();
  const victim = join(directory.path, 'victim');
  await writeFile(victim, 'precious');
  const scripts = join(directory.path, 'scripts');
  await mkdir(scripts);
  await symlink(victim, join(scripts, 'setup_replica.sh'));
  const path = await hostIn(scripts).writeScript('setup_replica.sh', 'true\n');
  expect(path).toBe(join(scripts, 'setup_replica.sh'));
  expect(await readFile(path, 'utf8')).toBe('true\n');
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await readFile(victim, 'utf8')).toBe('precious');
});

test('a directory that is a link, a name that is a path: no script', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'real'));
  await symlink('real', join(directory.path, 'link'));
  await expect(hostIn(join(directory.path, 'link')).writeScript('a.sh', '')).rejects.toMatchObject({
    code: 'HOST_FAULT',
    message: expect.stringContaining('symbolic link'),
  });
  for (const name of ['../a.sh', 'a', '/etc/a.sh', 'a.sh\n']) {
    await expect(hostIn(directory.path).writeScript(name, '')).rejects.toMatchObject({ code: 'HOST_FAULT' });
  }
});

test('a script runs with its arguments, logs what it says, and gives none of our environment', async () => {
  await using directory = await temporaryDirectory();
  const log = recordingLog();
  const host = hostIn(directory.path, log);
  process.env['PROXPANEL_TEST_SECRET'] = 'of-the-environment';
  const path = await host.writeScript('say.sh', 'echo "$1|$2"; env >&2; printf last; exit 7\n');
  expect(await host.runScript(path, ['one two', '$(id)'], new AbortController().signal)).toBe(7);
  const said = log.lines.map(({ sentence }) => sentence);
  await waitFor(() => log.lines.some(({ sentence }) => sentence === 'last'), { describe: 'its last words' });
  expect(said).toContain('one two|$(id)');
  expect(JSON.stringify(log.lines)).not.toContain('of-the-environment');
});

test('an abort lets the script undo what it did, and reaches what it started', async () => {
  await using directory = await temporaryDirectory();
  const host = hostIn(directory.path);
  const started = join(directory.path, 'started');
  const undone = join(directory.path, 'undone');
  const text = `trap 'kill $!; echo undone >"$2"; exit 3' TERM\nsleep 600 & echo $! >"$1"\nwait\n`;
  const path = await host.writeScript('long.sh', text);
  const stop = new AbortController();
  const ended = host.runScript(path, [started, undone], stop.signal);
  const pid = Number(
    await waitFor(() => readFile(started, 'utf8'), { describe: 'the start', until: (written) => written !== '' }),
  );
  stop.abort();
  expect(await ended).toBe(3);
  expect(await readFile(undone, 'utf8')).toBe('undone\n');
  await waitFor(
    () =>
      stat(`/proc/${pid}`).then(
        () => false,
        () => true,
      ),
    { describe: 'the end of its child' },
  );
});

test('a script that cannot be found or is killed has an exit code all the same', async () => {
  await using directory = await temporaryDirectory();
  const host = hostIn(directory.path);
  const { signal } = new AbortController();
  expect(await host.runScript(join(directory.path, 'none.sh'), [], signal)).toBe(127);
  expect(await host.runScript(await host.writeScript('die.sh', 'kill -9 $$\n'), [], signal)).toBe(137);
});

test('boot time is that of /proc/uptime', async () => {
  const clock = createClock();
  const before = Number.parseFloat(await readFile('/proc/uptime', 'utf8'));
  const seconds = clock.bootSeconds();
  const after = Number.parseFloat(await readFile('/proc/uptime', 'utf8'));
  expect(seconds).toBeGreaterThanOrEqual(before);
  expect(seconds).toBeLessThanOrEqual(after);
  expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(30_000);
});
