import pg from 'pg';
import { expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { run } from './command.ts';
import type { TestServer } from './server.ts';
import { createTestbed } from './testbed.ts';
import { waitFor } from './wait-for.ts';

const withoutBff = { start: { bff: false } };

/** A real TCP connection from one server to a port of another; a drop shows as the time-out. */
async function canConnect(from: TestServer, to: TestServer, port: number): Promise<boolean> {
  const { exitCode } = await from.run(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${to.address}/${port}`]);
  return exitCode === 0;
}

test('two hosts have addresses of their own, standard ports, and the test reaches both', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const [one, two] = await Promise.all([testbed.addServer('one', withoutBff), testbed.addServer('two', withoutBff)]);
  expect(one.address).not.toBe(two.address);
  for (const server of [one, two]) {
    expect(server.ports).toEqual({ bff: 80, postgres: 5432, redis: 6379 });
    expect(await server.postgres.isInRecovery()).toBe(false);
    expect(await server.redis.command('PING')).toBe('PONG');
    const client = new pg.Client({ connectionString: server.postgres.url(), connectionTimeoutMillis: 20_000 });
    await client.connect();
    const { rows } = await client.query<{ address: string }>('SELECT host(inet_server_addr()) AS address');
    await client.end();
    expect(rows).toEqual([{ address: server.address }]);
  }
  const { stdout } = await run(['ip', 'netns', 'list']);
  expect(stdout).toContain(one.host?.namespace);
  expect(await canConnect(one, two, 5432)).toBe(true);
  await testbed.dispose();
  expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain(one.host?.namespace);
  const links = (await run(['ip', '-brief', 'link'])).stdout;
  expect(links).not.toContain(one.host?.namespace.split('-')[0]);
  expect(existsSync(testbed.workspace.directory)).toBe(false);
});

test('a cut link separates two of three servers, in both directions, until it is healed', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const names = ['one', 'two', 'three'];
  const [one, two, three] = await Promise.all(names.map((name) => testbed.addServer(name, withoutBff)));
  if (!one || !two || !three) throw new Error('three servers were asked for');
  await testbed.cutLink(one, two);
  expect(await canConnect(one, two, 5432)).toBe(false);
  expect(await canConnect(two, one, 5432)).toBe(false);
  expect(await canConnect(one, three, 5432)).toBe(true);
  expect(await canConnect(three, two, 5432)).toBe(true);
  await testbed.healLink(one, two);
  expect(await canConnect(one, two, 5432)).toBe(true);
  expect(await canConnect(two, one, 5432)).toBe(true);
});

test('a cut port stops open connections too, leaves the other ports and the server itself alone, and heals', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const [main, secondary] = await Promise.all([
    testbed.addServer('main', withoutBff),
    testbed.addServer('secondary', withoutBff),
  ]);
  await main.redis.command('CONFIG', 'SET', 'repl-ping-replica-period', 1);
  await secondary.redis.command('CONFIG', 'SET', 'masterauth', main.redis.password);
  await secondary.redis.command('REPLICAOF', main.address, 6379);
  const replication = async () => String(await secondary.redis.command('INFO', 'replication'));
  await waitFor(replication, { describe: 'replication', until: (info) => info.includes('master_link_status:up') });

  await testbed.cutPort(main, 'redis');
  expect(await canConnect(secondary, main, 6379)).toBe(false);
  expect(await canConnect(secondary, main, 5432)).toBe(true);
  expect(await canConnect(main, main, 6379)).toBe(true);
  // Main pings each second: three silent ones mean that nothing comes through the open connection.
  await waitFor(replication, {
    describe: 'silence on the open connection',
    until: (info) => Number(/master_last_io_seconds_ago:(\d+)/.exec(info)?.[1]) >= 3,
  });
  await main.redis.command('SET', 'written', 'while cut');
  await testbed.healPort(main, 'redis');
  await waitFor(() => secondary.redis.command('GET', 'written'), {
    describe: 'the row that was written while cut',
    until: (value) => value === 'while cut',
    deadlineMs: 60_000,
  });
});

test('a host whose cable is pulled keeps its address and is still seen by the test, by nobody else', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const [one, two] = await Promise.all([testbed.addServer('one', withoutBff), testbed.addServer('two', withoutBff)]);
  await testbed.cutHost(one);
  expect(await canConnect(two, one, 5432)).toBe(false);
  expect(await canConnect(one, two, 5432)).toBe(false);
  expect(await canConnect(one, one, 5432)).toBe(true);
  const management = one.postgres.url('proxpanel', one.host?.managementAddress);
  const client = new pg.Client({ connectionString: management, connectionTimeoutMillis: 20_000 });
  await client.connect();
  await client.end();
  await testbed.healHost(one);
  await waitFor(() => canConnect(two, one, 5432), { describe: 'the healed host' });
});

test('in ports mode a cut is refused with the reason', async () => {
  await using testbed = await createTestbed({ mode: 'ports' });
  const server = await testbed.addServer('one', withoutBff);
  await expect(testbed.cutHost(server)).rejects.toMatchObject({ code: 'NEEDS_HOSTS_MODE' });
});
