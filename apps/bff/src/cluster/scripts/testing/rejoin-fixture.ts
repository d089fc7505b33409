/** An old main that took writes of its own after the other server was promoted, now read-only, and runs of rejoin.sh on it. */
import { appendFile, chown, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test as base } from 'vitest';
import { reservePort } from '@proxpanel/testbed/free-port';
import { postgresAccount } from '@proxpanel/testbed/placement';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import type { Workspace } from '@proxpanel/testbed/workspace';
import { renderRejoinScript } from '../render-rejoin-script.ts';
import type { RejoinScriptInput } from '../render-rejoin-script.ts';
import { fixtureAround, replicationPassword, slotName, subscribersOf } from './join-fixture.ts';
import type { JoinFixture } from './join-fixture.ts';

const hbaLines = [
  'host replication replicator 127.0.0.1/32 scram-sha-256',
  'host postgres replicator 127.0.0.1/32 scram-sha-256',
];
/** As the product sets them: pg_rewind wants the WAL back to the checkpoint before the fork. */
const mainSettings = { wal_log_hints: 'on', wal_keep_size: '256MB' };
/** As the product grants it (DESIGN §6.1). */
const rewindRights = `
  GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
    pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;
  GRANT pg_checkpoint TO replicator`;

export interface Parted {
  readonly fixture: JoinFixture;
  /** The old main, in recovery, with a row that main does not have. */
  readonly own: PostgresServer;
  write(changes?: Partial<RejoinScriptInput>): Promise<string>;
}

async function startOldMain(workspace: Workspace): Promise<PostgresServer> {
  const own = await startPostgres({ name: 'own', workspace, settings: mainSettings, hbaLines });
  await own.query(`CREATE ROLE replicator REPLICATION LOGIN PASSWORD '${replicationPassword.replaceAll("'", "''")}'`);
  await own.query(rewindRights, [], { database: 'postgres' });
  await own.query(`CREATE TABLE subscribers (name text)`);
  await own.query(`INSERT INTO subscribers VALUES ('before the fork')`);
  return own;
}

/** A clone of the old main, promoted: the new main, with the old one's slot. */
async function startNewMain(workspace: Workspace, own: PostgresServer): Promise<PostgresServer> {
  const main = await startPostgres({
    name: 'main',
    workspace,
    settings: mainSettings,
    hbaLines,
    start: false,
  });
  await rm(main.dataDirectory, { recursive: true });
  const password = replicationPassword.replace(/[\\']/g, '\\$&');
  const from = `host=${own.host} port=${String(own.port)} user=replicator password='${password}'`;
  await main.runProgram('pg_basebackup', ['-D', main.dataDirectory, '-d', from, '-X', 'stream', '-c', 'fast']);
  const places = `port = ${String(main.port)}\nunix_socket_directories = '${main.socketDirectory}'\n`;
  await appendFile(join(main.dataDirectory, 'postgresql.auto.conf'), places);
  await writeFile(join(main.dataDirectory, 'standby.signal'), '');
  await main.start();
  await main.query('SELECT pg_promote()');
  await main.query('CHECKPOINT');
  await main.query(`SELECT pg_create_physical_replication_slot('${slotName}', true)`);
  await main.query(`INSERT INTO subscribers VALUES ('on main')`);
  return main;
}

/** Stops it and starts it read-only, as a fence leaves it. */
export async function putIntoRecovery(server: PostgresServer): Promise<void> {
  await server.stop();
  const signal = join(server.dataDirectory, 'standby.signal');
  await writeFile(signal, '');
  const account = postgresAccount();
  await chown(signal, account.uid, account.gid);
  await server.start();
}

async function withParted(use: (parted: Parted) => Promise<void>): Promise<void> {
  const workspace = await openWorkspace();
  let fixture: JoinFixture | undefined;
  try {
    const own = await startOldMain(workspace);
    const main = await startNewMain(workspace, own);
    fixture = await fixtureAround(workspace, main);
    await own.query(`INSERT INTO subscribers VALUES ('only on the old main')`);
    await putIntoRecovery(own);
    const opened = fixture;
    await use({
      fixture: opened,
      own,
      write({ repair = 'rewind', ...changes } = {}) {
        const control = { kind: 'pg_ctl', dataDirectory: own.dataDirectory } as const;
        return opened.write(control, changes, (input) => renderRejoinScript({ ...input, repair }));
      },
    });
  } finally {
    await (fixture ?? workspace).dispose();
  }
}

/** `parted` is a test's own; `standing` is shared by the tests that end with nothing changed. */
export const test = base.extend<{ parted: Parted; standing: Parted }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs off this pattern; it needs none
  parted: ({}, use) => withParted(use),
  // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs off this pattern; it needs none
  standing: [({}, use) => withParted(use), { scope: 'file' }],
});

/** What the scripts keep beside the data directory. */
export async function keptBeside(own: PostgresServer): Promise<string[]> {
  const names = await readdir(dirname(own.dataDirectory));
  return names.filter((name) => name.startsWith(`${basename(own.dataDirectory)}.`));
}

/** The old main is there again, read-only, with its own rows, and nothing of the attempt is left. */
export async function expectPartedAgain({ fixture, own }: Parted): Promise<void> {
  expect(await own.isInRecovery()).toBe(true);
  expect(await subscribersOf(own)).toEqual(['before the fork', 'only on the old main']);
  const [receiver] = await own.query('SELECT status FROM pg_stat_wal_receiver');
  expect(receiver).toBeUndefined();
  expect(await keptBeside(own)).toEqual([]);
  expect(await readdir(fixture.temporaryDirectory)).toEqual([]);
}

/** Starts a PostgreSQL on a copy of the saved directory and reads the subscribers in it. */
export async function subscribersSavedIn(own: PostgresServer, directory: string): Promise<string[]> {
  const path = join(dirname(own.dataDirectory), directory);
  const port = await reservePort();
  try {
    const options = `-c port=${String(port.value)} -c unix_socket_directories=${own.socketDirectory} -c listen_addresses=`;
    await own.runProgram('pg_ctl', ['start', '-w', '-D', path, '-l', `${path}.log`, '-o', options]);
    const address = ['-h', own.socketDirectory, '-p', String(port.value), '-U', 'postgres', '-d', 'proxpanel'];
    const out = await own.runProgram('psql', ['-XAtq', ...address, '-c', 'SELECT name FROM subscribers ORDER BY name']);
    return out.trim().split('\n');
  } finally {
    await own.runProgram('pg_ctl', ['stop', '-w', '-D', path, '-m', 'fast']);
    await port.release();
  }
}
