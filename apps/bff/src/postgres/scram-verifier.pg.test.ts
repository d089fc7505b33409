import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import { createReplication } from './replication.ts';
import { makeScramVerifier, scramVerifierMatches } from './scram-verifier.ts';
import { clock, connect } from './testing/test-database.ts';

const password = `p'a"s\\s:w$o{rd} %&`;

test('a verifier made here lets its password in, over the network, and no other', async () => {
  await using server = await startPostgres();
  const verifier = await makeScramVerifier(password);
  await server.query(`CREATE ROLE somebody LOGIN PASSWORD ${pg.escapeLiteral(verifier)}`);
  const login = async (given: string): Promise<void> => {
    const { host, port } = server;
    const client = new pg.Client({ host, port, user: 'somebody', password: given, database: 'proxpanel' });
    await client.connect();
    await client.end();
  };
  await login(password);
  await expect(login(`${password}x`)).rejects.toMatchObject({ code: '28P01' });
  // PostgreSQL keeps it as it came: it was recognised as a verifier and not hashed once more.
  const [row] = await server.query<{ rolpassword: string }>(
    "SELECT rolpassword FROM pg_authid WHERE rolname = 'somebody'",
  );
  expect(row?.rolpassword).toBe(verifier);
  expect(await scramVerifierMatches(verifier, password)).toBe(true);
  expect(await scramVerifierMatches(verifier, 'other')).toBe(false);
  expect(await scramVerifierMatches('md5abc', password)).toBe(false);
  await expect(makeScramVerifier('pässword')).rejects.toThrow(RangeError);
});

test('roles and password file are made without the password ever standing in the log of a server that logs everything', async () => {
  await using server = await startPostgres({
    settings: {
      log_statement: 'all',
      log_min_duration_statement: 0,
      log_duration: 'on',
      log_error_verbosity: 'verbose',
    },
  });
  await using connections = connect(server);
  const replication = createReplication(connections.cluster, clock);
  const secrets = ['replicator-secret-1', 'cluster-secret-2', 'standby-secret-3'] as const;
  await replication.ensureReplicatorRole({ user: 'replicator', password: secrets[0] });
  await replication.ensureClusterRole({ user: 'proxpanel_cluster', password: secrets[1] });
  const source = { host: 'fe80::1', port: 5432, nodeId: 2, slotName: 'replica_2' };
  await replication.setStandbySource({ ...source, login: { user: 'replicator', password: secrets[2] } });
  const log = server.readLog();
  // The log is one that would show it: the same session's other statements are there.
  expect(log).toContain('primary_conninfo');
  expect(log).toContain('CREATE ROLE');
  for (const secret of secrets) {
    expect(log).not.toContain(secret);
    expect(log).not.toContain(Buffer.from(secret).toString('base64').slice(0, 16));
  }
  const [file] = await server.query("SELECT pg_read_file('proxpanel.pgpass') AS text");
  expect(file).toEqual({ text: `fe80\\:\\:1:5432:*:replicator:${secrets[2]}\n` });
  expect((await stat(join(server.dataDirectory, 'proxpanel.pgpass'))).mode & 0o777).toBe(0o600);
});

test('making the roles again writes nothing; a changed password or a lost right is mended', async () => {
  await using server = await startPostgres();
  await using connections = connect(server);
  const replication = createReplication(connections.cluster, clock);
  const login = { user: 'replicator', password: 'first' };
  const stored = async () =>
    server.query("SELECT rolpassword, rolreplication FROM pg_authid WHERE rolname = 'replicator'");
  await replication.ensureReplicatorRole(login);
  const before = await stored();
  await replication.ensureReplicatorRole(login);
  expect(await stored()).toEqual(before);
  await server.query('ALTER ROLE replicator NOREPLICATION SUPERUSER');
  await replication.ensureReplicatorRole(login);
  expect(await server.query("SELECT rolreplication, rolsuper FROM pg_roles WHERE rolname = 'replicator'")).toEqual([
    { rolreplication: true, rolsuper: false },
  ]);
  await replication.ensureReplicatorRole({ ...login, password: 'second' });
  expect(await stored()).not.toEqual(before);
  // What pg_rewind reads with, in the database that it connects to.
  const url = server.url('postgres').replace(/\/\/[^@]*@/, '//replicator:second@');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT length(pg_read_binary_file('PG_VERSION')) AS bytes");
  await client.end();
  expect(rows).toEqual([{ bytes: 3 }]);
});
