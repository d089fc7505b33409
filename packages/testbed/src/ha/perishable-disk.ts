/** A file system whose unsynced pages can be lost, as a power cut loses them. Needs root, loop devices and ext4. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../command.ts';
import { waitFor } from '../wait-for.ts';
import type { Workspace } from '../workspace.ts';

/** The kernel's EXT4_IOC_SHUTDOWN with "do not even write the journal": what lies in memory never reaches the disk. */
const SHUT_DOWN = 'open my $disk, "<", $ARGV[0] or die $!; ioctl $disk, 0x8004587d, pack("L", 2) or die $!';

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

  /** Mounts what is left; every process that used it must be dead. */
  async comeBack(): Promise<void> {
    await waitFor(
      async () => {
        await runChecked(['umount', this.directory]);
        return true;
      },
      { describe: `${this.directory} to be unmounted` },
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
