import { expect, test } from 'vitest';
import { run } from './command.ts';
import type { Host } from './hosts.ts';
import { joinServers } from './join-servers.ts';
import { createTestbed } from './testbed.ts';
import { waitFor } from './wait-for.ts';

test('two hosts join on the standard ports; a cut link stops the WAL, not the sight of both panels', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  const insert = (by: string) => main.postgres.query('INSERT INTO written VALUES ($1)', [by]);
  const arrived = async () =>
    (await secondary.postgres.query<{ by: string }>('SELECT by FROM written')).map(({ by }) => by);
  await main.postgres.query('CREATE TABLE written (by text)');
  await insert('before');
  await waitFor(arrived, { describe: 'the first row', until: (rows) => rows.includes('before') });

  await testbed.cutLink(main, secondary);
  await insert('while cut');
  await waitFor(() => secondary.postgres.query('SELECT 1 FROM pg_stat_wal_receiver WHERE status = $1', ['streaming']), {
    describe: 'the receiver to give up',
    until: (rows) => rows.length === 0,
    deadlineMs: 90_000,
  });
  expect(await arrived()).toEqual(['before']);
  for (const server of [main, secondary]) expect((await server.panel().get('/health')).status).toBe(200);

  await testbed.healLink(main, secondary);
  await waitFor(arrived, {
    describe: 'the second row',
    until: (rows) => rows.includes('while cut'),
    deadlineMs: 90_000,
  });
});

test('an arbiter has a host of its own, which a cut link takes from one machine and not from another', async () => {
  await using testbed = await createTestbed({ mode: 'hosts' });
  const [arbiter, near, far] = await Promise.all(['arbiter', 'near', 'far'].map((name) => testbed.addArbiter(name)));
  if (!arbiter || !near?.host || !far?.host) throw new Error('there is no host');
  const ask = async (from: Host) => {
    const curl = ['curl', '--silent', '--max-time', '2', `${arbiter.url}/health`];
    return (await run(from.wrap(curl))).stdout.includes('"true"');
  };
  const hears = (from: Host, expected: boolean) =>
    waitFor(() => ask(from), { describe: `${from.name} to hear: ${expected}`, until: (heard) => heard === expected });
  expect(arbiter.url).toMatch(/^http:.*:2379$/);
  await hears(near.host, true);
  await testbed.cutLink(near, arbiter);
  await hears(near.host, false);
  await hears(far.host, true);
  expect(await arbiter.client.isHealthy()).toBe(true);
  await testbed.healLink(near, arbiter);
  await hears(near.host, true);
});
