/** A file system whose unsynced pages can be lost, as a power cut loses them. Needs root, loop devices and ext4. */
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runChecked } from '../command.ts';
import { isSystemError } from '../errors.ts';
import { listProcesses } from '../processes.ts';
import { waitFor } from '../wait-for.ts';
import type { Workspace } from '../workspace.ts';

/** The kernel's EXT4_IOC_SHUTDOWN with "do not even write the journal": what lies in memory never reaches the disk. */
const SHUT_DOWN =
  'open my $disk, "<", $ARGV[0] or die $!; my $how = pack("L", 2); ioctl $disk, 0x8004587d, $how or die $!';

/** The disk under one directory of a workspace. It goes with the workspace. */
export class PerishableDisk {
  readonly directory: string;
  readonly #imagePath: string;

  constructor(directory: string, imagePath: string) {
    this.directory = directory;
    this.#imagePath = imagePath;
  }

  /** From now on nothing reaches the disk, and every writer gets an error. What was not synced is lost. */
  async losePower(): Promise<void> {
    await runChecked(['perl', '-e', SHUT_DOWN, this.directory]);
  }

  /** Brings all that was written so far to the disk. */
  async syncAll(): Promise<void> {
    await runChecked(['sync', '--file-system', this.directory]);
  }

  /** Mounts what is left; every process that used it must be dead. */
  async comeBack(): Promise<void> {
    await waitFor(
      async () => {
        const holders = holdersOf(this.directory);
        for (const pid of holders) await run(['nsenter', `--target=${pid}`, '--mount', 'umount', this.directory]);
        return holders.length === 0;
      },
      { describe: `${this.directory} to be unmounted everywhere` },
    );
    await this.mount();
  }

  async mount(): Promise<void> {
    await runChecked(['mount', '-o', 'loop,noatime', this.#imagePath, this.directory]);
  }
}

/** Makes an empty one below the workspace, before a server of that name is added. The image is sparse. */
export async function makePerishableDisk(
  workspace: Workspace,
  name: string,
  megabytes = 4_096,
): Promise<PerishableDisk> {
  const imagePath = join(workspace.makeDirectory('disks'), `${name}.ext4`);
  const directory = join(workspace.directory, name);
  await mkdir(directory);
  await runChecked(['truncate', `--size=${megabytes}M`, imagePath]);
  await runChecked(['mkfs.ext4', '-q', '-E', 'lazy_itable_init=1', imagePath]);
  const disk = new PerishableDisk(directory, imagePath);
  await disk.mount();
  return disk;
}

/**
 * One process of each mount namespace that has the directory mounted. `ip netns exec` gives every service of every host a
 * copy of all mounts, and a file system that is mounted anywhere stays the one that has lost its power.
 */
function holdersOf(directory: string): number[] {
  const holders = new Map<string, number>();
  for (const { pid } of listProcesses()) {
    try {
      const isMounted = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` ${directory} `);
      if (isMounted) holders.set(readlinkSync(`/proc/${pid}/ns/mnt`), pid);
    } catch (error) {
      // Ended in between, or a zombie; or not ours to look into, and then none of our hosts' services.
      if (!isSystemError(error, 'ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM')) throw error;
    }
  }
  return [...holders.values()];
}
