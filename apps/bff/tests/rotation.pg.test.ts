/** A new secret and new passwords, taken over by themselves; and no password anywhere but where it belongs (SAFETY §5). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configureMain, waitForRole, waitForStreaming, waitForWrites } from '@proxpanel/testbed/join-servers';
import { commandLineOf, listProcesses } from '@proxpanel/testbed/processes';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import type { Membership, NodeFile } from '../src/cluster/node-file.ts';
import { addSubscriber, expectRefusal, readNodeFile, readStatus, subscribersOf } from './support/panel-status.ts';
import { isSigned, peerStatusCall, sendSigned } from './support/signed-calls.ts';

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let slotName: string;
let nodeId: number;
let firstSecret: string;
let newSecret: string;
/** Command lines of all processes, sampled from the join to its end. */
const commandLines = new Set<string>();
let scriptText: string;
let scriptOutput: string;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
  ({ clusterSecret: firstSecret } = await configureMain(main, 'DC1 Primary'));
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await addSubscriber(mainPanel, 'first');
  const body = { main_address: main.url, cluster_secret: firstSecret, display_name: 'DC2 Standby' };
  const joined = await otherPanel.expectOk(
    otherPanel.post<{ node_id: number; slot_name: string; script_path: string }>('/api/cluster/setup-secondary', body),
  );
  ({ node_id: nodeId, slot_name: slotName } = joined);
  scriptText = readFileSync(joined.script_path, 'utf8');
  const sampler = setInterval(() => {
    for (const { pid } of listProcesses()) commandLines.add(commandLineOf(pid) ?? '');
  }, 20);
  const script = await other.run(['bash', joined.script_path], { timeoutMs: 300_000 });
  clearInterval(sampler);
  scriptOutput = `${script.stdout}\n${script.stderr}`;
  expect(script.exitCode, scriptOutput).toBe(0);
  await waitForStreaming(main, slotName);
  await waitForRole(other, 'secondary');
});

afterAll(async () => {
  await testbed.dispose();
});

function membershipOf(server: TestServer): Membership {
  const { membership } = readNodeFile(server);
  if (membership === null) throw new Error(`${server.name} belongs to no cluster`);
  return membership;
}

/** Everything of node.json that must be nowhere else, by the name under which a failure shows it. */
function secretsOf(file: NodeFile): Record<string, string> {
  const found: Record<string, string> = { session_signing_key: file.session_signing_key };
  const { membership } = file;
  if (membership !== null) {
    found['cluster_secret'] = membership.secret;
    found['replication'] = membership.replication.password;
    found['redis_replication'] = membership.redis_replication.password;
  }
  if (file.cluster_database !== null) found['cluster_database'] = file.cluster_database.password;
  if (file.panel_database !== null) found['panel_database'] = file.panel_database.password;
  return found;
}

/** Names of the secrets that `text` holds. */
function secretsIn(text: string, secrets: Record<string, string>): string[] {
  return Object.keys(secrets).filter((name) => text.includes(secrets[name] ?? ''));
}

/** Regular files below a directory. */
function filesBelow(directory: string, except: readonly string[]): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (except.includes(path)) return [];
    const info = statSync(path);
    return info.isDirectory() ? filesBelow(path, except) : info.isFile() ? [path] : [];
  });
}

async function expectNoSecretElsewhere(server: TestServer, secrets: Record<string, string>): Promise<void> {
  // node.json is their home; redis.conf holds what Redis itself needs after a restart (masterauth). The data of
  // PostgreSQL, and the old ones that the join put aside, are looked into by their rows.
  const except = [join(server.stateDirectory, 'node.json'), server.redis.configPath, server.postgres.dataDirectory];
  for (const path of filesBelow(server.directory, except)) {
    // The next node.json, in the instant before it takes the place of the old one.
    if (path.includes('.before-join-') || basename(path).startsWith('.node.json.')) continue;
    expect({ path, holds: secretsIn(readFileSync(path, 'latin1'), secrets) }).toEqual({ path, holds: [] });
  }
}

/** All text that PostgreSQL replicates, and what its catalog says of roles and settings. */
async function databaseTextOf(server: TestServer): Promise<string> {
  const tables = await server.postgres.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const queries = [
    ...tables.map(({ name }) => `SELECT t::text AS line FROM ${name} AS t`),
    'SELECT a::text AS line FROM pg_authid AS a',
    'SELECT s::text AS line FROM pg_settings AS s',
    'SELECT a::text AS line FROM pg_stat_activity AS a',
  ];
  const lines: string[] = [];
  for (const sql of queries) {
    lines.push(...(await server.postgres.query<{ line: string }>(sql)).map(({ line }) => line));
  }
  expect(lines.length).toBeGreaterThan(100);
  return lines.join('\n');
}

async function expectNoSecretShown(secrets: Record<string, string>): Promise<void> {
  for (const panel of [mainPanel, otherPanel]) {
    expect(secretsIn(JSON.stringify(await readStatus(panel)), secrets)).toEqual([]);
    const events = await panel.expectOk(panel.get('/api/cluster/events?limit=200'));
    expect(secretsIn(JSON.stringify(events), secrets)).toEqual([]);
  }
  for (const server of [main, other]) {
    expect(secretsIn(await databaseTextOf(server), secrets), server.name).toEqual([]);
    await expectNoSecretElsewhere(server, secrets);
  }
}

test('no secret and no password is in a script, its output, a command line, a log, a row or the status', async () => {
  const secrets = { ...secretsOf(readNodeFile(main)), ...secretsOf(readNodeFile(other)) };
  const logins = ['cluster_secret', 'replication', 'redis_replication', 'cluster_database', 'panel_database'];
  expect(Object.keys(secrets)).toEqual(expect.arrayContaining(logins));
  for (const value of Object.values(secrets)) expect(value.length).toBeGreaterThan(20);
  expect(secretsIn(scriptText, secrets)).toEqual([]);
  expect(secretsIn(scriptOutput, secrets)).toEqual([]);
  const seen = [...commandLines].join('\n');
  // The sampling did see the script at work.
  expect(seen).toContain('pg_basebackup');
  expect(secretsIn(seen, { ...secrets, superuser: main.postgres.superuser.password })).toEqual([]);
  const unredacted = ['Authorization: Bearer'].filter((word) => seen.includes(word));
  expect(unredacted).toEqual([]);
  await expectNoSecretShown(secrets);
});

test('node.json and the password file of the replica are closed to other users', async () => {
  for (const server of [main, other]) {
    expect(statSync(join(server.stateDirectory, 'node.json')).mode & 0o777).toBe(0o600);
    expect(statSync(server.stateDirectory).mode & 0o077).toBe(0);
  }
  const [passfile] = await other.postgres.query<{ conninfo: string }>(
    `SELECT current_setting('primary_conninfo') AS conninfo`,
  );
  expect(passfile?.conninfo).toMatch(/passfile=/);
  expect(passfile?.conninfo).not.toMatch(/password=/);
  expect(statSync(join(other.postgres.dataDirectory, 'proxpanel.pgpass')).mode & 0o777).toBe(0o600);
});

test('a rotation is shown once and taken over by the secondary with its next heartbeat', async () => {
  const before = membershipOf(main);
  const reply = await mainPanel.expectOk(
    mainPanel.post<{ cluster_secret: string; secret_fingerprint: string }>('/api/cluster/secret/rotate', {}),
  );
  newSecret = reply.cluster_secret;
  expect(newSecret).toMatch(/^[0-9a-f]{64}$/);
  expect(newSecret).not.toBe(firstSecret);
  await waitFor(() => membershipOf(other).secret, {
    describe: 'the secondary to take it over',
    until: (secret) => secret === newSecret,
  });
  await waitFor(() => membershipOf(main).previous_secret, {
    describe: 'main to forget the old secret',
    until: (previous) => previous === null,
  });
  const [mains, others] = [membershipOf(main), membershipOf(other)];
  expect(others.replication).toEqual(mains.replication);
  expect(others.redis_replication).toEqual(mains.redis_replication);
  expect(mains.replication.password).not.toBe(before.replication.password);
  expect(mains.redis_replication.password).not.toBe(before.redis_replication.password);
  const [row] = await main.postgres.query<{ secret_fingerprint: string }>(
    'SELECT secret_fingerprint FROM cluster_config',
  );
  expect(row?.secret_fingerprint).toBe(reply.secret_fingerprint);
  expect((await readStatus(mainPanel)).events.map(({ type }) => type)).toContain('secret_rotated');
});

test('the old secret is refused, for joins and for the member itself', async () => {
  const call = peerStatusCall(main, { nodeId, secret: firstSecret });
  const refused = await sendSigned(mainPanel, call);
  expect(expectRefusal(refused, 'SECRET_MISMATCH')).toBe('cluster secret mismatch');
  expect(isSigned(refused)).toBe(false);
  expect((await sendSigned(mainPanel, { ...call, secret: newSecret })).status).toBe(200);
  const third = await testbed.addServer('third');
  const panel = await third.panel().signIn();
  const testWith = (secret: string) =>
    panel.post<{ ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }>(
      '/api/cluster/test-connection',
      { main_address: main.url, cluster_secret: secret },
    );
  const wrong = await panel.expectOk(testWith(firstSecret));
  expect(wrong.checks.find(({ name }) => name === 'secret')).toMatchObject({
    ok: false,
    detail: 'cluster secret mismatch',
  });
  expect((await panel.expectOk(testWith(newSecret))).ok).toBe(true);
});

test('replication and Redis go on with the new passwords after all of them have restarted', async () => {
  for (const server of [main, other]) {
    await server.postgres.stop();
    await server.postgres.start();
  }
  await waitForStreaming(main, slotName);
  await main.bff.restart();
  await other.bff.restart();
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await waitForWrites(main);
  await addSubscriber(mainPanel, 'after-the-restart');
  await waitFor(() => subscribersOf(other), {
    describe: 'the row to arrive',
    until: (rows) => rows.includes('after-the-restart'),
  });
  await other.redis.stop();
  await other.redis.start();
  await main.redis.command('SET', 'after', 'restart');
  await waitFor(() => other.redis.command('GET', 'after'), {
    describe: "the restarted Redis to follow main's",
    until: (value) => value === 'restart',
  });
});

test('the new secrets, too, are nowhere else', async () => {
  const secrets = { ...secretsOf(readNodeFile(main)), ...secretsOf(readNodeFile(other)), first: firstSecret };
  await expectNoSecretShown(secrets);
});

test('a rotation while a member is away waits for it; a second one is refused until it has fetched the first', async () => {
  await other.bff.stop();
  const reply = await mainPanel.expectOk(
    mainPanel.post<{ cluster_secret: string; sentence: string }>('/api/cluster/secret/rotate', {}),
  );
  expect(reply.sentence).toContain('DC2 Standby');
  expectRefusal(await mainPanel.post('/api/cluster/secret/rotate', {}), 'BUSY', 'DC2 Standby', 'not fetched');
  expect((await readStatus(mainPanel)).notices.map(({ code }) => code)).toContain('rotation_waiting');
  // WAL goes on flowing on the connection that is open.
  await addSubscriber(mainPanel, 'meanwhile');
  await other.bff.start();
  await other.bff.waitUntilReady();
  await waitFor(() => membershipOf(other).secret, {
    describe: 'the returned member to fetch it',
    until: (secret) => secret === reply.cluster_secret,
  });
  await waitFor(() => subscribersOf(other), { describe: 'the row', until: (rows) => rows.includes('meanwhile') });
});
