import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { readProcess } from '@proxpanel/testbed/processes';
import { waitFor } from '@proxpanel/testbed/wait-for';
import type { PostgresControlPort } from '../cluster/postgres-ports.ts';
import { stopFromInside } from '../postgres/stop-from-inside.ts';
import { connect } from '../postgres/testing/test-database.ts';
import { crc32c, readLatestCheckpoint } from './control-file.ts';
import { createPostgresControl } from './postgres-control.ts';
import { findPostmaster } from './postgres-processes.ts';

const { signal } = new AbortController();

function controlOf(server: PostgresServer): PostgresControlPort {
  return createPostgresControl({
    method: () => ({ kind: 'pg_ctl', dataDirectory: server.dataDirectory }),
    runScripts: true,
    stopFromInside: () => Promise.reject(new Error('not this way')),
  });
}

async function answers(server: PostgresServer): Promise<void> {
  await waitFor(() => server.query('SELECT 1', [], { database: 'postgres' }), {
    describe: 'PostgreSQL to answer',
    deadlineMs: 60_000,
  });
}

test('SAFETY §1 stop: pg_ctl stops with clients connected and starts it again, into recovery, beside us and not below us', async () => {
  await using server = await startPostgres();
  const control = controlOf(server);
  expect(await control.livingProcesses()).toBeGreaterThan(3);
  await expect(control.latestCheckpoint(signal)).rejects.toMatchObject({ code: 'HOST_FAULT' });
  expect(await readLatestCheckpoint(server.dataDirectory)).toBeNull();
  const client = new pg.Client({ connectionString: server.url() });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN; CREATE TABLE uncommitted ()');
  await server.query("COPY (SELECT 1) TO PROGRAM 'cat > standby.signal'");
  await control.stop(signal);
  await client.end();
  expect(server.isRunning()).toBe(false);
  // Its pid file goes last of all, and the process a moment later.
  await waitFor(() => control.livingProcesses(), { describe: 'no process to be left', until: (count) => count === 0 });
  const said = await server.runProgram('pg_controldata', ['-D', server.dataDirectory]);
  const location = /^Latest checkpoint location: +(\S+)$/m.exec(said)?.[1] ?? '';
  const [high = '', low = ''] = location.split('/');
  const latest = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  expect(await control.latestCheckpoint(signal)).toBe(latest);
  expect(await readLatestCheckpoint(server.dataDirectory)).toBe(latest);
  // Stopped already: nothing to do.
  await control.stop(signal);

  await control.start(signal);
  await answers(server);
  expect(await server.isInRecovery()).toBe(true);
  const postmaster = await findPostmaster(server.dataDirectory);
  const started = readProcess(postmaster ?? 0);
  expect(started?.parentPid).not.toBe(process.pid);
  expect(started?.terminal).toBe(0);
  // Its log goes on where it was.
  expect(server.readLog().match(/listening on IPv4/g)?.length).toBeGreaterThan(1);
  await control.start(signal);
  expect(await findPostmaster(server.dataDirectory)).toBe(postmaster);
});

test('a control file that is damaged, or of another layout, is left to pg_controldata', async () => {
  // The check value of CRC-32C.
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  await using server = await startPostgres();
  await server.stop();
  const path = join(server.dataDirectory, 'global/pg_control');
  const whole = await readFile(path);
  expect(await readLatestCheckpoint(server.dataDirectory)).not.toBeNull();
  for (const place of [8, 16, 35]) {
    const damaged = Buffer.from(whole);
    damaged[place] = (damaged[place] ?? 0) ^ 1;
    await writeFile(path, damaged);
    expect(await readLatestCheckpoint(server.dataDirectory), `byte ${String(place)}`).toBeNull();
  }
  await rm(path);
  expect(await readLatestCheckpoint(server.dataDirectory)).toBeNull();
});

test('a start keeps the options of the command line of before, and one that fails says where the reason is', async () => {
  await using server = await startPostgres();
  await server.stop();
  const options = `-c work_mem=5MB -c "application_name=it's so"`;
  await server.runProgram('pg_ctl', ['start', '-w', '-D', server.dataDirectory, '-l', server.logPath, '-o', options]);
  const control = controlOf(server);
  await control.stop(signal);
  await control.start(signal);
  await answers(server);
  expect(await server.query("SELECT current_setting('work_mem') AS value")).toEqual([{ value: '5MB' }]);
  await control.stop(signal);
  const away = join(server.dataDirectory, 'away');
  await mkdir(away);
  await rename(join(server.dataDirectory, 'global'), join(away, 'global'));
  await expect(control.start(signal)).rejects.toMatchObject({ code: 'HOST_FAULT' });
  await rename(join(away, 'global'), join(server.dataDirectory, 'global'));
});

test('what a killed postmaster left behind is counted, until the last one is gone', async () => {
  await using server = await startPostgres();
  const control = controlOf(server);
  const postmaster = await findPostmaster(server.dataDirectory);
  process.kill(postmaster ?? 0, 'SIGKILL');
  await waitFor(() => control.livingProcesses(), {
    describe: 'all of PostgreSQL to be gone',
    until: (count) => count === 0,
    deadlineMs: 60_000,
  });
  expect(await findPostmaster(server.dataDirectory)).toBeNull();
});

test('SAFETY §1 stop: supervised, PostgreSQL is asked to stop itself, and is seen to have ended also when it is back at once', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  const { cluster } = connections;
  const first = await findPostmaster(server.dataDirectory);
  await stopFromInside(cluster, signal);
  // Nobody listens any more; the process itself ends a moment later.
  await waitFor(() => !server.isRunning(), { describe: 'PostgreSQL to be gone' });
  await server.start();

  const supervisor = waitFor(async () => !server.isRunning() && (await server.start(), true), {
    describe: 'the supervisor to start it again',
    intervalMs: 1,
    deadlineMs: 60_000,
  });
  await stopFromInside(cluster, signal);
  await supervisor;
  await answers(server);
  expect(await findPostmaster(server.dataDirectory)).not.toBe(first);
  await expect(stopFromInside(cluster, AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off');
});
