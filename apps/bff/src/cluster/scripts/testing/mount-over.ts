/** A data directory that is a mount point, as a container's volume is. */
import { chown, mkdir, rename, stat } from 'node:fs/promises';
import { runChecked } from '@proxpanel/testbed/command';

/** A mount point cannot be renamed (EBUSY); the mount goes when the test ends. */
export async function mountOver(directory: string): Promise<AsyncDisposable> {
  const beside = `${directory}-files`;
  const { uid, gid } = await stat(directory);
  await rename(directory, beside);
  await mkdir(directory);
  await runChecked(['mount', '-t', 'tmpfs', '-o', 'size=300m,mode=0700', 'proxpanel-test', directory]);
  await chown(directory, uid, gid);
  await runChecked(['cp', '-a', `${beside}/.`, directory]);
  return {
    async [Symbol.asyncDispose]() {
      await runChecked(['umount', '--lazy', directory]);
    },
  };
}
