import { chown, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChecked } from './command.ts';
import type { Account } from './placement.ts';

/** Where Debian's postgresql-15 keeps its programs; the product supports this major alone in one cluster. */
export const DEBIAN_BIN_DIRECTORY = '/usr/lib/postgresql/15/bin';

interface InitdbOptions {
  binDirectory: string;
  /** Does not exist yet, or is empty and the account's; its parent is the account's too. */
  dataDirectory: string;
  account: Account;
  superuserPassword: string;
  /** How a command gets to where the server lives. */
  wrap?: (command: readonly string[]) => string[];
}

/** Makes a throw-away server's files: nothing is synced, who comes over the socket is trusted, all else needs a password. */
export async function runInitdb(options: InitdbOptions): Promise<void> {
  const { binDirectory, dataDirectory, account } = options;
  // The password goes by file: an argument could be read by every user of the machine.
  const passwordPath = `${dataDirectory}.password`;
  await writeFile(passwordPath, options.superuserPassword, { mode: 0o600 });
  await chown(passwordPath, account.uid, account.gid);
  const initdb = account.wrap([
    join(binDirectory, 'initdb'),
    `--pgdata=${dataDirectory}`,
    '--username=postgres',
    `--pwfile=${passwordPath}`,
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ]);
  await runChecked(options.wrap?.(initdb) ?? initdb, { cwd: dirname(dataDirectory) });
  await rm(passwordPath);
}
