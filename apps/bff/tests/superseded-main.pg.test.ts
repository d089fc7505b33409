/** An old main that comes back after another server was promoted: it meets the higher term, and shuts itself (SAFETY §1, §3). */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readNodeFile, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { promoteWithName, writableServers } from './support/promotions.ts';
import { startPanelWriters } from './support/writers.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let panel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  const options = { environment: { AUTO_FAILOVER: 'false' } };
  [main, secondary] = await Promise.all([testbed.addServer('main', options), testbed.addServer('secondary', options)]);
  await joinServers(main, secondary);
  [mainPanel, panel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
  await addSubscriber(mainPanel, 'on-the-old-main');
  await waitFor(() => subscribersOf(secondary), { describe: 'the row to arrive', until: (rows) => rows.length === 1 });
  // Somebody's tuning, which makes SAFETY §1's fence impossible: PostgreSQL would stop instead of restarting read-only.
  await main.postgres.query('ALTER SYSTEM SET restart_after_crash = off');
  await main.postgres.query('SELECT pg_reload_conf()');
  await main.kill();
  // Somebody takes the fail-safe away (SAFETY §1): this PostgreSQL comes up writable.
  await rm(join(main.postgres.dataDirectory, 'standby.signal'));
  await promoteWithName(panel);
}, 240_000);

afterAll(() => testbed.dispose());

test('a session made on the old main before the failover is good on the new one', async () => {
  const headers = { authorization: `Bearer ${mainPanel.token ?? ''}` };
  const me = await secondary.panel().get<{ user: { username: string } }>('/api/auth/me', { headers });
  expect(me.status).toBe(200);
  expect(JSON.stringify(me.body)).toContain('"admin"');
  const written = await secondary.panel().post('/api/subscribers', { username: 'by-an-old-session' }, { headers });
  expect(written.status).toBe(201);
});

test('where the fence is impossible the gate is shut all the same, no write is acknowledged, and the page says why', async () => {
  // Signed in since before it died, and asking from the first moment that it serves again.
  const writers = startPanelWriters(mainPanel, 4, 'too-late');
  try {
    await main.start();
    const status = await waitForStatus(mainPanel, 'the page to say that the fence failed', ({ notices }) =>
      notices.some(({ code }) => code === 'fence'),
    );
    const sentence = status.notices.find(({ code }) => code === 'fence')?.sentence;
    expect(sentence).toMatch(/restart_after_crash/);
    expect(status.notices.find(({ code }) => code === 'fenced')?.severity).toBe('critical');
    expect(status.writes.allowed).toBe(false);
    expect(status.server.role_sentence).toMatch(/[Ss]uperseded/);
    // The server itself runs: a fence that would stop it was not tried.
    expect(await main.postgres.isInRecovery()).toBe(false);
    await waitFor(() => (writers.answers.get('503 READ_ONLY') ?? 0) >= 20, { describe: 'the writers to be refused' });
    // A restart of the panel does not forget it.
    await main.bff.kill();
    await main.start();
    await waitForStatus(mainPanel, 'the page to say it again', ({ notices }) =>
      notices.some(({ code }) => code === 'fence'),
    );
  } finally {
    await writers.stop();
  }
  expect(writers.created).toEqual([]);
  expect([...writers.answers.keys()].filter((answer) => !/^(503 .+|connection)$/.test(answer))).toEqual([]);
  expect(await subscribersOf(main)).toEqual(['on-the-old-main']);
});

test('once the fence is possible it happens by itself, and outlasts restarts of the panel and of PostgreSQL', async () => {
  await main.postgres.query('ALTER SYSTEM SET restart_after_crash = on');
  await main.postgres.query('SELECT pg_reload_conf()');
  await waitFor(() => main.postgres.isInRecovery(), { describe: 'the fence', deadlineMs: 60_000 });
  expect(existsSync(join(main.postgres.dataDirectory, 'standby.signal'))).toBe(true);
  const status = await waitForStatus(
    mainPanel,
    'the page to say that it is shut and has diverged, and no longer that it is not shut',
    ({ notices, nodes }) =>
      notices.some(({ code }) => code === 'diverged') &&
      !notices.some(({ code }) => code === 'fence') &&
      nodes.some((node) => node.is_self && node.status === 'diverged'),
  );
  expect(status.server.effective_role).toBe('secondary');
  // Told once, however often it had to be tried.
  expect(status.events.filter(({ message }) => message.startsWith('Superseded'))).toHaveLength(1);

  await main.bff.kill();
  await main.postgres.stop('immediate');
  const writers = startPanelWriters(mainPanel, 2, 'after-the-fence');
  try {
    await main.start();
    await waitForStatus(mainPanel, 'the page to know it still', ({ nodes }) =>
      nodes.some((node) => node.is_self && node.status === 'diverged'),
    );
    await waitFor(() => (writers.answers.get('503 READ_ONLY') ?? 0) >= 10, { describe: 'the writers to be refused' });
  } finally {
    await writers.stop();
  }
  expect(writers.created).toEqual([]);
  expect(await writableServers(main, secondary)).toEqual(['secondary (main)']);
});

test('its database is shut again when somebody opens it, and that is told', async () => {
  await main.postgres.stop();
  await rm(join(main.postgres.dataDirectory, 'standby.signal'));
  await main.postgres.start();
  await waitFor(() => main.postgres.isInRecovery(), { describe: 'the fence', deadlineMs: 60_000 });
  const { events } = await waitForStatus(mainPanel, 'the event', ({ events: all }) =>
    all.some(({ message }) => message.startsWith('This server is fenced')),
  );
  expect(events.filter(({ type }) => type === 'main_fenced')).toMatchObject([
    { severity: 'critical', message: expect.stringContaining('came up writable') },
    { severity: 'critical', message: expect.stringMatching(/^Superseded/) },
  ]);
});

test('its clients are told where main is, it keeps its own rows and takes none of the new main’s', async () => {
  const reply = await mainPanel.post('/api/subscribers', { username: 'asked-here' });
  expectRefusal(reply, 'READ_ONLY');
  expect(reply.headers['x-main-server']).toBe(secondary.url);
  await addSubscriber(panel, 'on-the-new-main');
  expect(await subscribersOf(secondary)).toEqual(['by-an-old-session', 'on-the-new-main', 'on-the-old-main']);
  expect(await subscribersOf(main)).toEqual(['on-the-old-main']);
  // It says of itself that it is shut, and both agree on term and main.
  const { membership } = readNodeFile(main);
  expect(membership).toMatchObject({ term: 2, main_node_id: readNodeFile(secondary).membership?.node_id });
  expect(membership?.fence).toMatchObject({ term: 2 });
  const seen = await waitForStatus(panel, 'the new main to hear of the old one', ({ nodes }) =>
    nodes.some((node) => !node.is_self && Date.now() - Date.parse(node.last_seen_at ?? '') < 10_000),
  );
  expect(seen.nodes.filter((node) => node.is_main).map((node) => node.is_self)).toEqual([true]);
});

test('it may leave with its database, which then takes writes of its own and is fenced no more', async () => {
  const reply = await mainPanel.expectOk(
    mainPanel.post<{ told_main: boolean; sentence: string }>('/api/cluster/leave', { promote_database: true }),
  );
  expect(reply.told_main).toBe(true);
  await addSubscriber(mainPanel, 'on-its-own');
  expect(await subscribersOf(main)).toEqual(['on-its-own', 'on-the-old-main']);
  expect(await subscribersOf(secondary)).not.toContain('on-its-own');
  expect(readNodeFile(main).membership).toBeNull();
});
