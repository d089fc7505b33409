import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from './command.ts';
import { TestbedError } from './errors.ts';
import type { Account, Placement } from './placement.ts';
import type { Workspace } from './workspace.ts';

/** Where Debian's postgresql-15 keeps its programs; the product supports this major alone in one cluster. */
const DEBIAN_BIN_DIRECTORY = '/usr/lib/postgresql/15/bin';

/** A freshly made data directory and what stands beside it. */
export interface PostgresFiles {
  name: string;
  port: number;
  binDirectory: string;
  superuserPassword: string;
  /** Parent of all the others. PostgreSQL's user owns it, so that a script can move the data directory aside in it. */
  directory: string;
  dataDirectory: string;
  socketDirectory: string;
  logPath: string;
}

interface ClusterOptions {
  name?: string;
  workspace: Workspace;
  port: number;
  placement: Placement;
  account: Account;
  superuserPassword?: string;
  settings?: Record<string, string | number | boolean>;
  fsync?: boolean;
  hbaLines?: readonly string[];
  binDirectory?: string;
}

/** Runs initdb below `<workspace>/<name>/postgres` and writes the configuration. */
export async function makePostgresCluster(options: ClusterOptions): Promise<PostgresFiles> {
  const name = options.name ?? 'postgres';
  const directory = join(options.workspace.directory, name, 'postgres');
  const files: PostgresFiles = {
    name,
    port: options.port,
    binDirectory: options.binDirectory ?? DEBIAN_BIN_DIRECTORY,
    superuserPassword: options.superuserPassword ?? randomBytes(12).toString('hex'),
    directory,
    dataDirectory: join(directory, 'data'),
    // Beside the data directory: inside, pg_basebackup would copy the socket's lock file and the clone not start.
    socketDirectory: join(directory, 'socket'),
    logPath: join(directory, 'postgres.log'),
  };
  if (!existsSync(join(files.binDirectory, 'initdb'))) {
    throw new TestbedError('MISSING_PROGRAM', `there is no initdb in ${files.binDirectory}: install postgresql-15`);
  }
  options.workspace.makeDirectory(`${name}/postgres/socket`);
  // The password goes by file: an argument could be read by every user of the machine.
  const passwordPath = join(directory, 'password');
  await writeFile(passwordPath, files.superuserPassword, { mode: 0o600 });
  for (const path of [directory, files.socketDirectory, passwordPath]) {
    await chown(path, options.account.uid, options.account.gid);
  }
  const initdb = [
    join(files.binDirectory, 'initdb'),
    `--pgdata=${files.dataDirectory}`,
    '--username=postgres',
    `--pwfile=${passwordPath}`,
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ];
  await runChecked(options.placement.wrap(options.account.wrap(initdb)), { cwd: directory });
  await rm(passwordPath);
  await writeConfiguration(files, options);
  return files;
}

async function writeConfiguration(files: PostgresFiles, options: ClusterOptions): Promise<void> {
  const settings: Record<string, string | number | boolean> = {
    listen_addresses: options.placement.listenAddress,
    port: files.port,
    unix_socket_directories: files.socketDirectory,
    fsync: options.fsync ?? false,
    log_line_prefix: '%m [%p] %q%u@%d/%a ',
    // Shared memory as files of the data directory: what a SIGKILL leaves in /dev/shm would stay for ever.
    dynamic_shared_memory_type: 'mmap',
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = '${String(value).replaceAll("'", "''")}'`);
  await appendFile(join(files.dataDirectory, 'postgresql.conf'), `\n# The testbed's own\n${lines.join('\n')}\n`);
  const hba = [
    '# TYPE DATABASE USER ADDRESS METHOD',
    'local all postgres trust',
    'host all all 127.0.0.1/32 scram-sha-256',
    ...options.placement.trustedAddresses.map((address) => `host all postgres ${address} scram-sha-256`),
    ...(options.hbaLines ?? []),
  ];
  await writeFile(join(files.dataDirectory, 'pg_hba.conf'), `${hba.join('\n')}\n`);
}
