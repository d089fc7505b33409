/** Puts a server's database on a file system of its own that is almost full, for the time of a test. Needs root. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '@proxpanel/testbed/command';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';

/** A data directory of a new cluster is about 40 MB; the rest is filled with ballast until only `freeBytes` are left. */
const DISK_BYTES = 200_000_000;

export async function withSmallDisk(
  server: TestServer,
  { freeBytes }: { freeBytes: number },
  work: () => Promise<void>,
): Promise<void> {
  const directory = server.postgres.dataDirectory;
  const aside = `${directory}.aside`;
  await server.postgres.stop();
  await runChecked(['mv', directory, aside]);
  await runChecked(['mkdir', directory]);
  await runChecked(['mount', '-t', 'tmpfs', '-o', `size=${String(DISK_BYTES)},mode=700`, 'proxpanel-test', directory]);
  try {
    await runChecked(['cp', '-a', `${aside}/.`, directory]);
    await server.postgres.start();
    await fill(directory, freeBytes);
    await work();
  } finally {
    await server.postgres.stop('immediate');
    // A program that PostgreSQL ran (the panel's df) stands in the directory, and may outlive PostgreSQL by a moment.
    await waitFor(async () => (await runChecked(['umount', directory])).exitCode === 0, {
      describe: `${directory} to be let go`,
    });
    await runChecked(['rmdir', directory]);
    await runChecked(['mv', aside, directory]);
  }
  await server.postgres.start();
}

async function fill(directory: string, freeBytes: number): Promise<void> {
  const { stdout } = await runChecked(['df', '--output=avail', '-B1', directory]);
  const available = Number(stdout.trim().split('\n').at(-1));
  await writeFile(join(directory, 'ballast'), Buffer.alloc(available - freeBytes));
}
