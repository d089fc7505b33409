import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { startPostgres } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { makePostgresTemplate, TEMPLATE_VARIABLE } from './postgres-template.ts';
import { openWorkspace } from './workspace.ts';
import { readPostmasterFile } from './postmaster.ts';

test('a fresh server has the database proxpanel, asks for the password over TCP and leaves settings at their defaults', async () => {
  await using postgres = await startPostgres();
  const client = new pg.Client({ connectionString: postgres.url(), connectionTimeoutMillis: 20_000 });
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_database() AS database, name, source FROM pg_settings WHERE name = 'wal_level'",
  );
  await client.end();
  expect(rows).toEqual([{ database: 'proxpanel', name: 'wal_level', source: 'default' }]);
  const wrong = new pg.Client({ connectionString: postgres.url().replace(/:[^:@]*@/, ':wrong@') });
  await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' });
  expect(await postgres.isInRecovery()).toBe(false);
});

test('copies of one template are clusters of their own, each with its password, and neither is the template', async () => {
  await using workspace = await openWorkspace();
  const template = join(workspace.directory, 'template');
  await makePostgresTemplate(template);
  vi.stubEnv(TEMPLATE_VARIABLE, template);
  const servers = await Promise.all(['one', 'other'].map((name) => startPostgres({ workspace, name })));
  vi.unstubAllEnvs();
  const identify = async (server: PostgresServer) => {
    const client = new pg.Client({ connectionString: server.url(), connectionTimeoutMillis: 20_000 });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    await client.end();
    return rows[0]?.id;
  };
  const found = await Promise.all(servers.map(identify));
  const control = await readFile(join(template, 'data/global/pg_control'));
  expect(new Set([...found, control.readBigInt64LE(0).toString()]).size).toBe(3);
});

test('what was committed outlives a stop, an immediate stop and a SIGKILL', async () => {
  await using postgres = await startPostgres();
  await postgres.query('CREATE TABLE kept (way text)');
  const ways = {
    fast: () => postgres.stop('fast'),
    immediate: () => postgres.stop('immediate'),
    kill: () => postgres.kill(),
  };
  for (const [way, end] of Object.entries(ways)) {
    await postgres.query('INSERT INTO kept VALUES ($1)', [way]);
    await end();
    expect(postgres.isRunning()).toBe(false);
    await expect(postgres.query('SELECT 1')).rejects.toThrow();
    await postgres.start();
    expect(postgres.isRunning()).toBe(true);
  }
  expect(await postgres.query('SELECT way FROM kept')).toEqual([
    { way: 'fast' },
    { way: 'immediate' },
    { way: 'kill' },
  ]);
});

test('a server that somebody else stopped, replaced by a clone of another and started is found and can be killed', async () => {
  await using workspace = await openWorkspace();
  const superuserPassword = 'shared';
  const main = await startPostgres({
    workspace,
    name: 'main',
    superuserPassword,
    hbaLines: ['host replication postgres 127.0.0.1/32 scram-sha-256'],
  });
  const secondary = await startPostgres({ workspace, name: 'secondary', superuserPassword });
  const own = `port = ${secondary.port}\nunix_socket_directories = '${secondary.socketDirectory}'\n`;
  await secondary.runProgram('pg_ctl', ['stop', '-D', secondary.dataDirectory, '-m', 'fast', '-w']);
  expect(secondary.isRunning()).toBe(false);
  await rename(secondary.dataDirectory, `${secondary.dataDirectory}.before-join`);
  await secondary.runProgram('pg_basebackup', [
    ...['-D', secondary.dataDirectory, '-d', main.url('postgres'), '-X', 'stream', '-c', 'fast', '-R'],
  ]);
  await appendFile(join(secondary.dataDirectory, 'postgresql.auto.conf'), own);
  await secondary.runProgram('pg_ctl', ['start', '-D', secondary.dataDirectory, '-w', '-l', secondary.logPath]);
  expect(secondary.isRunning()).toBe(true);
  expect(await secondary.isInRecovery()).toBe(true);
  expect(await main.isInRecovery()).toBe(false);
  await secondary.kill();
  expect(secondary.isRunning()).toBe(false);
  await secondary.start();
  expect(await secondary.isInRecovery()).toBe(true);
});

test('a postmaster.pid whose number belongs to another process is not taken for the server', async () => {
  await using postgres = await startPostgres();
  await postgres.kill();
  const path = join(postgres.dataDirectory, 'postmaster.pid');
  await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(process.pid)));
  expect(readPostmasterFile(postgres.dataDirectory)?.pid).toBe(process.pid);
  expect(postgres.isRunning()).toBe(false);
  await postgres.kill();
  expect(await postgres.stop()).toBeUndefined();
});
