/** RADIUS on two joined servers: who gets in, at what speed, and accounting that survives the change of main (DESIGN §11). */
import { writeFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import { startRadius, type RadiusServer } from '@proxpanel/testbed/radius-server';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import type { Service } from '@proxpanel/contracts/services';
import { radiusLogin } from '../src/radius-login.ts';
import { promote, waitUntilOffered } from './support/promotions.ts';
import { isOnline, isSpoolEmpty, record, sessionsOf, type RecordType, type Subscriber } from './support/radius.ts';

const encryptionKey = 'a0'.repeat(32);
/** All that the contract allows in one, and much that a shell, an SQL string or FreeRADIUS could trip over. */
const secret = 's"e`c%{User-Name}$(id)#;=,[x]';
/** FreeRADIUS takes quotes off, runs backslashes, expands %{…} and programs in back quotes, if it is let to. */
const oddPasswords = ['"quoted"', "'single'", '`id`', 'a\\b\\n', '%{User-Name}', '" \'', '\\"'.repeat(64), ' x '];

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let panel: PanelClient;
let mainRadius: RadiusServer;
let secondaryRadius: RadiusServer;
let secretPath: string;
let service: Service;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary] = (await Promise.all(['main', 'secondary'].map((name) => testbed.addServer(name)))) as [
    TestServer,
    TestServer,
  ];
  await joinServers(main, secondary);
  panel = await main.panel().signIn();
  await panel.expectOk(panel.post('/api/nas', { name: 'router', address: '127.0.0.0/24', secret }));
  service = await panel.expectOk(
    panel.post<Service>('/api/services', {
      ...{ name: 'Home 20', download_kbps: 20_000, upload_kbps: 5_000, pool: 'pool-1' },
    }),
  );
  for (const name of ['anna', 'bert', 'away']) await addSubscriber(name, `${name}-password`);
  await addSubscriber('late', 'late-password', { expires_at: '2020-01-01T00:00:00.000Z' });
  await addSubscriber('soon', 'soon-password', { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
  await addSubscriber('off', 'off-password', { is_active: false });
  [mainRadius, secondaryRadius] = await Promise.all([startRadius(main), startRadius(secondary)]);
  secretPath = join(main.directory, 'radius-secret');
  writeFileSync(secretPath, `${secret}\n`, { mode: 0o600 });
}, 240_000);

afterAll(() => testbed.dispose());

async function addSubscriber(username: string, password: string, more: object = {}): Promise<Subscriber> {
  const body = { username, password, service_id: service.id, ...more };
  return panel.expectOk(panel.post<Subscriber>('/api/subscribers', body));
}

async function accepts(radius: RadiusServer, username: string, password = `${username}-password`): Promise<boolean> {
  const { accepted, output } = await radius.radtest({ username, password }, secret);
  // Silence is neither, and would pass for a refusal.
  if (!accepted) expect(output).toContain('Received Access-Reject');
  return accepted;
}

test('main lets in by PAP, CHAP and MS-CHAP, and nobody with a wrong password, switched off, or expired', async () => {
  const anna = { username: 'anna', password: 'anna-password' };
  const methods = ['pap', 'chap', 'mschap'] as const;
  const replies = await Promise.all(methods.map((method) => mainRadius.radtest({ ...anna, method }, secret)));
  for (const { accepted, output } of replies) expect(accepted, output).toBe(true);
  const refused = await Promise.all([
    accepts(mainRadius, 'anna', 'bert-password'),
    accepts(mainRadius, 'off'),
    accepts(mainRadius, 'late'),
    accepts(mainRadius, 'nobody'),
    accepts(mainRadius, `anna' OR '1'='1`, 'anna-password'),
  ]);
  expect(refused).toEqual([false, false, false, false, false]);
});

test('every password is itself, whatever FreeRADIUS makes of its characters', async () => {
  for (const [index, password] of oddPasswords.entries()) await addSubscriber(`odd-${String(index)}`, password);
  const answers = await Promise.all(
    oddPasswords.map((password, index) => accepts(mainRadius, `odd-${String(index)}`, password)),
  );
  expect(answers).toEqual(oddPasswords.map(() => true));
  // What an unquoted value would have become.
  expect(await accepts(mainRadius, 'odd-0', 'quoted')).toBe(false);
});

test('the reply carries what was sold, and follows a change of it at once', async () => {
  const replyOf = async (username: string) =>
    (await mainRadius.radtest({ username, password: `${username}-password` }, secret)).output;
  expect(await replyOf('anna')).toMatch(/Mikrotik-Rate-Limit = "5000k\/20000k"\s+Framed-Pool = "pool-1"/);
  expect(await replyOf('soon')).toMatch(/Session-Timeout = 3[56]\d\d\b/);
  const faster = { row_version: service.row_version, download_kbps: 50_000, upload_kbps: 10_000 };
  await panel.expectOk(panel.patch(`/api/services/${String(service.id)}`, faster));
  expect(await replyOf('anna')).toContain('Mikrotik-Rate-Limit = "10000k/50000k"');
  await main.postgres.query(
    `INSERT INTO bandwidth_rules (service_id, name, from_time, to_time, download_kbps, upload_kbps, is_active)
     VALUES (${String(service.id)}, 'always', '00:00', '24:00', 900, 800, true)`,
  );
  expect(await replyOf('anna')).toContain('Mikrotik-Rate-Limit = "800k/900k"');
});

test('the secondary lets in and refuses by its own replica', async () => {
  expect(await secondary.postgres.isInRecovery()).toBe(true);
  await waitFor(() => accepts(secondaryRadius, 'anna'), { describe: 'the secondary to accept', intervalMs: 500 });
  expect(await accepts(secondaryRadius, 'anna', 'wrong')).toBe(false);
  const added = await addSubscriber('newcomer', 'newcomer-password');
  await waitFor(() => accepts(secondaryRadius, 'newcomer'), { describe: 'a new subscriber', intervalMs: 500 });
  const change = { row_version: added.row_version, is_active: false };
  await panel.expectOk(panel.patch(`/api/subscribers/${String(added.id)}`, change));
  await waitFor(async () => !(await accepts(secondaryRadius, 'newcomer')), {
    describe: 'the change to hold',
    intervalMs: 500,
  });
});

test('a router that the panel does not know is not answered, one of a known network is', async () => {
  const from = (address: string) =>
    mainRadius.account([record('nobody', 'n-1', 'Start', { 'Packet-Src-IP-Address': address })], secretPath, 1);
  expect(await Promise.all([from('127.0.0.77'), from('127.7.0.1')])).toEqual([1, 0]);
});

test("RADIUS' role reads its views, keeps radacct, and nothing else", async () => {
  const { user, password = '' } = radiusLogin(encryptionKey);
  const url = new URL(main.postgres.url('proxpanel', '127.0.0.1'));
  url.username = user;
  url.password = password;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    // Without the key the rows stay shut.
    expect((await client.query("SELECT * FROM radcheck WHERE username = 'anna'")).rows).toEqual([]);
    await client.query(`SET proxpanel.encryption_key = '${encryptionKey}'`);
    const { rows } = await client.query<{ value: string }>("SELECT value FROM radcheck WHERE username = 'anna'");
    expect(rows).toEqual([{ value: '"anna-password"' }]);
    for (const statement of [
      'SELECT * FROM subscribers',
      'SELECT * FROM users',
      'SELECT * FROM nas_devices',
      'SELECT * FROM cluster_config',
      "UPDATE radreply SET value = '1'",
      "INSERT INTO nas (nasname) VALUES ('10.0.0.9')",
      'DELETE FROM radacct',
      'TRUNCATE radacct',
      'CREATE TABLE mine (x int)',
    ]) {
      await expect(client.query(statement), statement).rejects.toThrow(/permission denied|cannot (insert|update)/);
    }
  } finally {
    await client.end();
  }
});

test('a password is looked up by an index, however many subscribers there are', async () => {
  await main.postgres.query(
    "INSERT INTO subscribers (username) SELECT 'many-' || i FROM generate_series(1, 5000) AS i; ANALYZE subscribers",
  );
  for (const view of ['radcheck', 'radreply', 'radusergroup']) {
    const plan = await main.postgres.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM ${view} WHERE username = 'many-77' ORDER BY 1`,
    );
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text, view).toMatch(/Index Scan using subscribers_username_key/);
  }
});

test('what a router accounts on the secondary is in the database of main: who is online, and what was used', async () => {
  const start = record('anna', 'a-1', 'Start', { 'Framed-IP-Address': '10.9.0.1' });
  expect(await secondaryRadius.account([start], secretPath)).toBe(1);
  await waitFor(() => isOnline(panel, 'anna'), { describe: 'anna to be online' });
  const used = { 'Acct-Session-Time': 60, 'Acct-Input-Octets': 1_000, 'Acct-Output-Octets': 2_000 };
  const interim = record('anna', 'a-1', 'Interim-Update', { ...used, 'Acct-Output-Gigawords': 1 });
  expect(await secondaryRadius.account([interim], secretPath)).toBe(1);
  await waitFor(() => sessionsOf(main, 'anna'), {
    describe: 'the interim record',
    until: ([session]) => session?.acctoutputoctets === String(2 ** 32 + 2_000),
  });
  const last = { 'Acct-Session-Time': 120, 'Acct-Input-Octets': 1_500, 'Acct-Output-Octets': 3_000 };
  const stop = record('anna', 'a-1', 'Stop', { ...last, 'Acct-Output-Gigawords': 1 });
  expect(await secondaryRadius.account([stop], secretPath)).toBe(1);
  await waitFor(async () => (await isOnline(panel, 'anna')) === false, { describe: 'anna to be offline' });
  const [counter] = await main.postgres.query(
    `SELECT sum(download_bytes)::text AS down, sum(upload_bytes)::text AS up FROM fup_counters
       JOIN subscribers ON id = subscriber_id WHERE username = 'anna'`,
  );
  expect(counter).toEqual({ down: String(2 ** 32 + 3_000), up: '1500' });
});

test('records that come late, in another order, or twice make the same row, and count once', async () => {
  const at = (seconds: number, type: RecordType) =>
    record('bert', 'b-1', type, { 'Acct-Session-Time': seconds, 'Acct-Output-Octets': seconds * 10 });
  const [start, interim, stop] = [at(0, 'Start'), at(30, 'Interim-Update'), at(60, 'Stop')];
  for (const packet of [stop, interim, start, stop, interim]) {
    expect(await mainRadius.account([packet], secretPath)).toBe(1);
  }
  await waitFor(() => isSpoolEmpty(mainRadius), { describe: 'the spool to be empty' });
  const sessions = await sessionsOf(main, 'bert');
  expect(sessions).toMatchObject([{ acctsessionid: 'b-1', acctsessiontime: '60', acctoutputoctets: '600' }]);
  expect(sessions[0]?.acctstoptime).not.toBeNull();
  const [row] = await main.postgres.query(
    `SELECT open_sessions, (SELECT sum(download_bytes)::int FROM fup_counters WHERE subscriber_id = id) AS used
       FROM subscribers WHERE username = 'bert'`,
  );
  expect(row).toEqual({ open_sessions: 0, used: 600 });
});

test('a router that starts anew ends its sessions, and no record of it is left waiting', async () => {
  const restart = 'Acct-Status-Type = Accounting-On\nAcct-Session-Id = "0"\nNAS-Identifier = "router"';
  expect(await mainRadius.account([record('bert', 'b-2', 'Start')], secretPath)).toBe(1);
  await waitFor(() => isOnline(panel, 'bert'), { describe: 'bert to be online' });
  for (let round = 0; round < 2; round += 1) {
    expect(await mainRadius.account([restart], secretPath)).toBe(1);
    await waitFor(() => isSpoolEmpty(mainRadius), { describe: 'the spool to be empty' });
  }
  expect(await isOnline(panel, 'bert')).toBe(false);
});

test('the configuration is closed to others, comes out the same twice, and without a key there is none', async () => {
  expect(await mainRadius.configure()).toContain('nothing was changed');
  for (const name of await readdir(mainRadius.directory)) {
    const { mode } = await stat(join(mainRadius.directory, name));
    expect(mode & 0o007, name).toBe(0);
  }
  const keyless = await mainRadius.runCommand([], { PANEL_ENCRYPTION_KEY: undefined });
  expect(keyless.exitCode).toBe(1);
  expect(keyless.stderr).toMatch(/PANEL_ENCRYPTION_KEY/);
});

test('with main dead accounting is answered and kept, and after the promotion all of it is there, once', async () => {
  const sessions = (server: string) => Array.from({ length: 25 }, (_, index) => `${server}-${String(index + 100)}`);
  const packetsOf = (names: readonly string[]) =>
    names.flatMap((name) => [
      record('away', name, 'Start'),
      record('away', name, 'Stop', { 'Acct-Session-Time': 10, 'Acct-Output-Octets': 100 }),
    ]);
  const expected = [...sessions('m'), ...sessions('s')].sort();
  const secondaryPanel = await secondary.panel().signIn();
  // Main's FreeRADIUS has met the router by now, and lives on beside the dead database.
  await main.kill();
  const answered = await Promise.all([
    mainRadius.account(packetsOf(sessions('m')), secretPath),
    secondaryRadius.account(packetsOf(sessions('s')), secretPath),
  ]);
  expect(answered).toEqual([50, 50]);
  // A database that is away is no reason to turn subscribers away: the router asks its other server.
  const silent = await mainRadius.radtest({ username: 'anna', password: 'anna-password' }, secret);
  expect(silent.output).not.toMatch(/Received Access-/);
  expect(await accepts(secondaryRadius, 'anna')).toBe(true);
  expect(await isSpoolEmpty(secondaryRadius)).toBe(false);
  await secondaryRadius.kill();
  await secondaryRadius.start();

  await waitUntilOffered(secondaryPanel);
  const operation = await promote(secondaryPanel, { reason: 'main burnt down' });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  const isDone = async () => (await isSpoolEmpty(mainRadius)) && (await isSpoolEmpty(secondaryRadius));
  await waitFor(isDone, { describe: 'both spools to be empty', deadlineMs: 90_000 });
  const rows = await sessionsOf(secondary, 'away');
  expect(rows.map(({ acctsessionid }) => acctsessionid)).toEqual(expected);
  expect(rows.every(({ acctstoptime }) => acctstoptime !== null)).toBe(true);
  const [counter] = await secondary.postgres.query(
    `SELECT sum(download_bytes)::int AS used FROM fup_counters JOIN subscribers ON id = subscriber_id
      WHERE username = 'away'`,
  );
  expect(counter).toEqual({ used: expected.length * 100 });
  expect(await isOnline(secondaryPanel, 'away')).toBe(false);
  expect(await accepts(secondaryRadius, 'anna')).toBe(true);
  expect(await accepts(secondaryRadius, 'anna', 'wrong')).toBe(false);
});
