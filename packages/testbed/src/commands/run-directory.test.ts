import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { chooseParent } from './run-directory.ts';
import type { Machine } from './run-directory.ts';

const roomy: Machine = {
  mounts: '/dev/vda / ext4 rw,relatime 0 0\ntmpfs /dev/shm tmpfs rw,relatime,size=24683620k 0 0\n',
  freeBytes: 24e9,
  availableMemoryBytes: 20e9,
  wanted: undefined,
};

test('a run lies in memory where there is room for it', () => {
  expect(chooseParent(roomy)).toBe('/dev/shm');
});

test.for<[string, Partial<Machine>]>([
  ['there is no such directory', { mounts: '/dev/vda / ext4 rw,relatime 0 0\n' }],
  ['it takes no programs', { mounts: 'tmpfs /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime 0 0\n' }],
  ['it is a disk', { mounts: '/dev/vdb /dev/shm ext4 rw 0 0\n' }],
  ['it is small, as in a container', { freeBytes: 64e6 }],
  ['memory is short', { availableMemoryBytes: 4e9 }],
])('a run lies in the usual place where %s', ([, changes]) => {
  expect(chooseParent({ ...roomy, ...changes })).toBe(tmpdir());
});

test('who has set TMPDIR has chosen', () => {
  expect(chooseParent({ ...roomy, wanted: '/mnt/big' })).toBe('/mnt/big');
});
