import { lstat, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import type { ReplicationPort } from '../cluster/postgres-ports.ts';
import { createReplication } from './replication.ts';
import { clock, connect } from './testing/test-database.ts';
import type { TestConnections } from './testing/test-database.ts';

const lines = [
  'host replication replicator 127.0.0.1/32 scram-sha-256',
  'host postgres replicator 127.0.0.1/32 scram-sha-256',
];
const hbaOf = (server: PostgresServer): string => join(server.dataDirectory, 'pg_hba.conf');

async function loginAsReplicator(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres').replace(/\/\/[^@]*@/, '//replicator:pw@') });
  await client.connect();
  await client.end();
}

let server: PostgresServer;
let connections: TestConnections;
let replication: ReplicationPort;
let original: Buffer;

beforeAll(async () => {
  server = await startPostgres();
  connections = connect(server);
  replication = createReplication(connections.cluster, clock);
  await replication.ensureReplicatorRole({ user: 'replicator', password: 'pw' });
  original = await readFile(hbaOf(server));
});
beforeEach(async () => {
  await writeFile(hbaOf(server), original);
  await server.query('SELECT pg_reload_conf()');
});
afterAll(async () => {
  await connections.close();
  await server.dispose();
});

test('the block stands first, takes effect at once, and its removal gives the old file back byte for byte', async () => {
  const weird = Buffer.concat([
    Buffer.from('# "quoted" \'single\' back\\slash $(id) `id` %d\t tab\r\n# '),
    Buffer.from([0xff, 0xfe, 0x80, 0xc3, 0x28]),
    Buffer.from(
      '\nhostssl all all 10.0.0.0/8 scram-sha-256\nhost all replicator 127.0.0.1/32 reject\nhost all "we ird" 127.0.0.1/32 scram-sha-256 # "\n',
    ),
    await readFile(hbaOf(server)),
    Buffer.from('# no newline at the end'),
  ]);
  await writeFile(hbaOf(server), weird);
  const before = await lstat(hbaOf(server));
  await server.query('SELECT pg_reload_conf()');

  await replication.writeHbaBlock(lines);
  // A line further down rejects this very login: ours stands before it.
  await loginAsReplicator(server);
  const written = await readFile(hbaOf(server));
  expect(written.subarray(-weird.length).equals(weird)).toBe(true);
  expect(written.subarray(0, -weird.length).toString()).toMatch(
    /^# BEGIN proxpanel.*\n(host .*\n){2}# END proxpanel\n$/,
  );
  const after = await lstat(hbaOf(server));
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);

  const once = await lstat(hbaOf(server));
  await replication.writeHbaBlock(lines);
  expect((await lstat(hbaOf(server))).ino).toBe(once.ino);

  await replication.writeHbaBlock([]);
  expect((await readFile(hbaOf(server))).equals(weird)).toBe(true);
  await expect(loginAsReplicator(server)).rejects.toThrow(/rejects connection/);
});

test('with an error anywhere in the file the old bytes stay, and the reason is told', async () => {
  await replication.writeHbaBlock(lines);
  const broken = Buffer.concat([await readFile(hbaOf(server)), Buffer.from('host all all not-an-address\n')]);
  await writeFile(hbaOf(server), broken);
  const other = ['host replication replicator 10.1.2.3/32 scram-sha-256'];
  await expect(replication.writeHbaBlock(other)).rejects.toThrow(/left as it was.*line \d+/s);
  expect((await readFile(hbaOf(server))).equals(broken)).toBe(true);
  // The server never read the broken file: whom it let in before, it lets in now.
  await loginAsReplicator(server);
});

test('only lines of our own form are written', async () => {
  const before = await readFile(hbaOf(server));
  for (const line of [
    'host all all 0.0.0.0/0 trust',
    'host replication replicator 10.0.0.1/32 trust',
    'host replication replicator 10.0.0.1/33 scram-sha-256',
    'host replication replicator 10.0.0.999/32 scram-sha-256',
    'host replication replicator 10.0.0.1/32 scram-sha-256\nhost all all all trust',
    'host replication "rep licator" 10.0.0.1/32 scram-sha-256',
    'host proxpanel proxpanel_radius 10.0.0.1/32 scram-sha-256',
    'host "proxpanel" postgres 10.0.0.1/32 scram-sha-256',
    'host "prox" all 0.0.0.0/0 trust #" proxpanel_radius 10.0.0.1/32 scram-sha-256',
    'host "prox\npanel" proxpanel_radius 10.0.0.1/32 scram-sha-256',
    'host replication replicator all scram-sha-256 # ',
    '',
  ]) {
    await expect(replication.writeHbaBlock([line]), line).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  }
  expect((await readFile(hbaOf(server))).equals(before)).toBe(true);
  await expect(replication.writeHbaBlock(['hostssl replication replicator fe80::1/128 scram-sha-256'])).rejects.toThrow(
    /SSL is disabled/,
  );
  expect((await readFile(hbaOf(server))).equals(before)).toBe(true);
  await replication.writeHbaBlock([
    'host replication replicator fe80::1/128 scram-sha-256',
    'host postgres replicator dc2.example.net scram-sha-256',
  ]);
});

test('a symbolic link stays one, and a path with quotes and spaces is no trouble', async () => {
  const target = join(server.dataDirectory, `it's "odd" $(hba).conf`);
  await rename(hbaOf(server), target);
  await symlink(target, hbaOf(server));
  await replication.writeHbaBlock(lines);
  expect((await lstat(hbaOf(server))).isSymbolicLink()).toBe(true);
  expect(await readFile(target, 'utf8')).toContain(lines[0]);
});

test('two writers at once leave a file that one of them wrote, whole', async () => {
  const sets = [1, 2, 3, 4].map((n) => [`host replication replicator 10.0.0.${n}/32 scram-sha-256`]);
  await Promise.all(sets.map((set) => replication.writeHbaBlock(set)));
  const text = await readFile(hbaOf(server), 'utf8');
  expect(text.match(/# BEGIN proxpanel/g)).toHaveLength(1);
  expect(text.match(/^host replication replicator 10\.0\.0\.\d\/32 scram-sha-256$/gm)).toHaveLength(1);
});
