import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAccount, openConfigurationDirectory, writeConfiguration } from './write-configuration.ts';

const files = [
  { name: 'radiusd.conf', text: 'one\n' },
  { name: 'pg_service.conf', text: 'two\n' },
];
let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'radius-files-'));
  directory = join(parent, 'raddb');
});
afterEach(() => rm(parent, { recursive: true }));

test('directory and files are closed to others, also where they were open', async () => {
  await mkdir(directory, { mode: 0o777 });
  await writeFile(join(directory, 'radiusd.conf'), 'one\n', { mode: 0o666 });
  await openConfigurationDirectory(directory, null);
  expect(await writeConfiguration(directory, files, null)).toEqual(['radiusd.conf', 'pg_service.conf']);
  expect((await lstat(directory)).mode & 0o777).toBe(0o750);
  for (const { name, text } of files) {
    expect((await lstat(join(directory, name))).mode & 0o777).toBe(0o640);
    expect(await readFile(join(directory, name), 'utf8')).toBe(text);
  }
});

test('a second time nothing is written, and a changed file alone the third', async () => {
  await openConfigurationDirectory(directory, null);
  await writeConfiguration(directory, files, null);
  const before = await lstat(join(directory, 'radiusd.conf'));
  expect(await writeConfiguration(directory, files, null)).toEqual([]);
  await writeFile(join(directory, 'pg_service.conf'), 'by hand\n');
  expect(await writeConfiguration(directory, files, null)).toEqual(['pg_service.conf']);
  expect((await lstat(join(directory, 'radiusd.conf'))).ino).toBe(before.ino);
});

test('no symbolic link is followed, neither as the directory nor as a file', async () => {
  const elsewhere = join(parent, 'elsewhere');
  await mkdir(elsewhere);
  await symlink(elsewhere, directory);
  await expect(openConfigurationDirectory(directory, null)).rejects.toThrow(/symbolic link/);
  await rm(directory);
  await openConfigurationDirectory(directory, null);
  const victim = join(elsewhere, 'victim');
  await writeFile(victim, 'untouched');
  await symlink(victim, join(directory, 'radiusd.conf'));
  await writeConfiguration(directory, files, null);
  expect(await readFile(victim, 'utf8')).toBe('untouched');
  expect((await lstat(join(directory, 'radiusd.conf'))).isSymbolicLink()).toBe(false);
});

test('an account is found by its name, and one that is not there is none', async () => {
  expect(await findAccount('root')).toEqual({ uid: 0, gid: 0 });
  expect(await findAccount('no-such-account-here')).toBeNull();
});
