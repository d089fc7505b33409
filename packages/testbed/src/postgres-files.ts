import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestbedError } from './errors.ts';
import { DEBIAN_BIN_DIRECTORY, runInitdb } from './initdb.ts';
import type { Account, Placement } from './placement.ts';
import { copyPostgresTemplate, TEMPLATE_VARIABLE } from './postgres-template.ts';
import type { Workspace } from './workspace.ts';

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

/** Makes a data directory below `<workspace>/<name>/postgres`, by initdb or from the run's template, and its configuration. */
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
  for (const path of [directory, files.socketDirectory]) {
    await chown(path, options.account.uid, options.account.gid);
  }
  const template = options.binDirectory === undefined ? process.env[TEMPLATE_VARIABLE] : undefined;
  const { account, placement } = options;
  if (template === undefined) await runInitdb({ ...files, account, wrap: (command) => placement.wrap(command) });
  else await copyPostgresTemplate(template, files.dataDirectory);
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
