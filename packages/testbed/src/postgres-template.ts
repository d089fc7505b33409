/**
 * A data directory that is made once and copied for each server of a test run: `initdb` costs over a second of processor,
 * and a run needs some two hundred servers. A copy is a cluster of its own, since it gets its own system identifier.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from './command.ts';
import { TestbedError } from './errors.ts';
import { DEBIAN_BIN_DIRECTORY, runInitdb } from './initdb.ts';
import { postgresAccount } from './placement.ts';

/** The variable by which `npm test` tells its tests where the template lies. Without it every server is made anew. */
export const TEMPLATE_VARIABLE = 'TESTBED_POSTGRES_TEMPLATE';

/** Makes a template of a superuser `postgres` and an empty database `proxpanel` in a directory that does not exist yet. */
export async function makePostgresTemplate(directory: string): Promise<void> {
  const account = postgresAccount();
  await runChecked(['install', '-d', '-m', '700', '-o', `${account.uid}`, '-g', `${account.gid}`, directory]);
  const dataDirectory = join(directory, 'data');
  // Nobody ever uses this password: each copy gets its own.
  const superuserPassword = randomBytes(16).toString('hex');
  await runInitdb({ binDirectory: DEBIAN_BIN_DIRECTORY, dataDirectory, account, superuserPassword });
  const single = [
    join(DEBIAN_BIN_DIRECTORY, 'postgres'),
    '--single',
    '-D',
    dataDirectory,
    '-c',
    'fsync=off',
    'postgres',
  ];
  await runChecked(account.wrap(single), { cwd: directory, input: 'CREATE DATABASE proxpanel;\n' });
}

/** Makes `dataDirectory` a new cluster out of the template: same content, another system identifier, a log that begins there. */
export async function copyPostgresTemplate(template: string, dataDirectory: string): Promise<void> {
  await runChecked(['cp', '--archive', '--reflink=auto', join(template, 'data'), dataDirectory]);
  const controlPath = join(dataDirectory, 'global/pg_control');
  await writeFile(controlPath, withSystemIdentifier(await readFile(controlPath), randomBytes(8).readBigUInt64LE()));
  // The write-ahead log's headers name the system too; pg_resetwal writes a new one after the control file.
  const command = [join(DEBIAN_BIN_DIRECTORY, 'pg_resetwal'), '--force', `--pgdata=${dataDirectory}`];
  await runChecked(postgresAccount().wrap(command), { cwd: dataDirectory });
}

/**
 * A control file with another system identifier: its first eight bytes. Its last field is the CRC-32C of what stands before
 * it (src/include/catalog/pg_control.h), so it is the first place where the checksum of all before it stands.
 */
function withSystemIdentifier(control: Buffer, identifier: bigint): Buffer {
  let crc = 0xffffffff;
  for (let at = 0; at < control.length - 4; at += 1) {
    if (at >= 8 && at % 4 === 0 && (crc ^ 0xffffffff) >>> 0 === control.readUInt32LE(at)) {
      const changed = Buffer.from(control);
      changed.writeBigUInt64LE(identifier, 0);
      changed.writeUInt32LE(crc32c(changed.subarray(0, at)), at);
      return changed;
    }
    crc = crc32cStep(crc, control[at] ?? 0);
  }
  throw new TestbedError('MISUSE', 'no checksum was found in pg_control');
}

function crc32c(bytes: Uint8Array): number {
  return (bytes.reduce(crc32cStep, 0xffffffff) ^ 0xffffffff) >>> 0;
}

/** Castagnoli's polynomial, reflected, bit by bit: Node's zlib has only the other CRC-32, and this runs over 300 bytes. */
function crc32cStep(crc: number, byte: number): number {
  let next = crc ^ byte;
  for (let bit = 0; bit < 8; bit += 1) next = (next >>> 1) ^ (next & 1 ? 0x82f63b78 : 0);
  return next >>> 0;
}
