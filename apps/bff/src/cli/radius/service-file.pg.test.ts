/** What the service file says is what libpq understands, proved with PostgreSQL's own client. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainEnvironment, run } from '@proxpanel/testbed/command';
import { startPostgres, type PostgresServer } from '@proxpanel/testbed/postgres-server';
import { hbaLinesOf } from '../../cluster/membership.ts';
import { writeHbaBlock } from '../../postgres/hba-file.ts';
import { ensureRole } from '../../postgres/roles.ts';
import { connect, type TestConnections } from '../../postgres/testing/test-database.ts';
import { radiusLogin } from '../../radius-login.ts';
import { renderServiceFile } from './render-service-file.ts';

const databaseName = `pro'x "pa=nel" \\ # 'dbname=postgres'`;
const encryptionKey = '0f'.repeat(32);
const login = radiusLogin(encryptionKey);

let server: PostgresServer;
let connections: TestConnections;
let directory: string;

beforeAll(async () => {
  server = await startPostgres();
  connections = connect(server);
  await server.query(`CREATE DATABASE ${pg.escapeIdentifier(databaseName)}`);
  await connections.cluster.session((session) => ensureRole(session, login, 'ordinary'));
  directory = await mkdtemp(join(tmpdir(), 'service-file-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await connections.close();
  await server.dispose();
});

async function ask(service: string, sql: string): Promise<string> {
  const path = join(directory, 'pg_service.conf');
  const local = { host: '127.0.0.1', port: server.port };
  // The first of the members does not answer at all.
  const members = [{ host: '127.0.0.1', port: 1 }, local];
  const parts = { directory, spoolDirectory: directory, authenticationPort: 1, accountingPort: 2, hasIpv6: false };
  const text = renderServiceFile({ ...parts, account: null, login, databaseName, local, members, encryptionKey });
  await writeFile(path, text, { mode: 0o600 });
  const environment = { ...plainEnvironment, PGSERVICEFILE: path };
  const { stdout, stderr } = await run(['psql', `service=${service}`, '-XAtc', sql], { environment });
  return stdout.trim() || stderr;
}

test('both services reach the database by its odd name, as the role of RADIUS, past a member that is dead', async () => {
  for (const service of ['proxpanel-local', 'proxpanel-main']) {
    const answer = await ask(service, "SELECT current_database() || '|' || current_user");
    expect(answer, service).toBe(`${databaseName}|proxpanel_radius`);
  }
  const key = "SELECT current_setting('proxpanel.encryption_key', true)";
  expect(await ask('proxpanel-local', key)).toBe(encryptionKey);
  expect(await ask('proxpanel-main', `${key} IS NULL`)).toBe('t');
});

test('accounting does not take a database that is read-only for main', async () => {
  await server.query(`ALTER ROLE proxpanel_radius SET default_transaction_read_only = on`);
  expect(await ask('proxpanel-main', 'SELECT 1')).toMatch(/read-only/);
  expect(await ask('proxpanel-local', 'SELECT 1')).toBe('1');
  await server.query('ALTER ROLE proxpanel_radius RESET default_transaction_read_only');
});

test("the cluster's pg_hba line lets RADIUS into that database, where nothing else does, and into no other", async () => {
  const hbaPath = join(server.dataDirectory, 'pg_hba.conf');
  const before = await readFile(hbaPath, 'utf8');
  const rejecting = before.replace(/^host all all .*$/m, 'host all proxpanel_radius 127.0.0.1/32 reject\n$&');
  await writeFile(hbaPath, rejecting);
  await server.query('SELECT pg_reload_conf()');
  await expect.poll(() => ask('proxpanel-local', 'SELECT 1')).toMatch(/rejects connection/);
  await writeHbaBlock(connections.cluster, hbaLinesOf('127.0.0.1', databaseName));
  await expect.poll(() => ask('proxpanel-local', 'SELECT 1')).toBe('1');
  const url = new URL(server.url('postgres'));
  url.username = login.user;
  url.password = login.password ?? '';
  const elsewhere = new pg.Client({ connectionString: url.href });
  await expect(elsewhere.connect()).rejects.toThrow(/rejects connection/);
});
