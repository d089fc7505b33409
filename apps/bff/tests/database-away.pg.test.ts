/** The panel serves while its PostgreSQL and Redis are away, says so truthfully, and goes on when they are back (DESIGN §3). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readNodeFile, subscribersOf, waitForStatus } from './support/panel-status.ts';

let testbed: Testbed;
let server: TestServer;
let panel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  // Only the BFF runs: neither database has ever been seen by it.
  server = await testbed.addServer('server', {
    start: { postgres: false, redis: false, bff: true },
    redisAppendOnly: true,
  });
  panel = server.panel();
});

afterAll(async () => {
  await testbed.dispose();
});

function signIn() {
  return server.panel().post('/api/auth/login', { username: 'admin', password: server.adminPassword });
}

/** What must hold whatever the databases do. */
async function expectServing(): Promise<void> {
  for (const path of ['/', '/settings/cluster', '/subscribers']) {
    const page = await server.panel().get<string>(path, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<div id="root">');
  }
  const health = await server.panel().get('/health');
  expect(health).toMatchObject({ status: 200, body: { status: 'ok' } });
}

async function waitForAnswer(path: string, status: number): Promise<void> {
  await waitFor(async () => (await server.panel().get(path)).status, {
    describe: `${path} to answer ${String(status)}`,
    until: (seen) => seen === status,
  });
}

test('started with both databases down, the panel serves its page and /health, and turns people away with 503', async () => {
  expect(server.postgres.isRunning()).toBe(false);
  await expectServing();
  const refused = await signIn();
  expect(refused.status).toBe(503);
  expect((refused.body as { code: string }).code).toMatch(/^(DATABASE_DOWN|STARTING)$/);
  const reply = await server.panel().get('/api/cluster/status');
  expectRefusal(reply, 'NOT_SIGNED_IN');
  for (const path of ['/primary', '/read-write', '/replica', '/read-only']) await waitForAnswer(path, 503);
});

test('when PostgreSQL comes later, the tables and the admin are made, and sign-in works without Redis', async () => {
  await server.postgres.start();
  await panel.signIn();
  const tables = await server.postgres.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const expected = ['cluster_config', 'cluster_events', 'cluster_nodes', 'cluster_promotions', 'subscribers', 'users'];
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
  await addSubscriber(panel, 'without-redis');
  const status = await waitForStatus(panel, 'both states to be told', ({ database }) => database.state === 'writable');
  expect(status.redis.state).toBe('down');
  expect(status.notices.map(({ code }) => code)).toContain('redis_down');
  await waitForAnswer('/read-write', 200);
  await expectServing();
});

test('a main server cannot be set up while Redis is down, and nothing is left half-done', async () => {
  const refused = await panel.post('/api/cluster/setup-main', {});
  expectRefusal(refused, 'REDIS_DOWN', 'Redis');
  expect(readNodeFile(server).membership).toBeNull();
  expect(await server.postgres.query('SELECT FROM cluster_nodes')).toEqual([]);
});

test('when Redis comes later it is used, without a restart of the panel', async () => {
  await server.redis.start();
  const status = await waitForStatus(panel, 'Redis to be seen', ({ redis }) => redis.state !== 'down');
  expect(status.redis.state).toBe('main');
  expect(status.notices.map(({ code }) => code)).not.toContain('redis_down');
});

test('PostgreSQL going away: page and status go on, reads and writes are 503 with one sentence, nothing is lost', async () => {
  await server.postgres.stop('immediate');
  await expectServing();
  const status = await waitForStatus(panel, 'the state to be told', ({ database }) => database.state === 'down');
  expect(status.writes.allowed).toBe(false);
  expect(status.notices.map(({ code }) => code)).toContain('database_down');
  expect(status.redis.state).toBe('main');
  expectRefusal(await panel.post('/api/subscribers', { username: 'lost' }), 'DATABASE_DOWN');
  expectRefusal(await panel.get('/api/subscribers'), 'DATABASE_DOWN');
  const started = performance.now();
  const login = await signIn();
  expect(login.status).toBe(503);
  // A person waits for this: a database that is away may not hold an answer up.
  expect(performance.now() - started).toBeLessThan(10_000);
  await waitForAnswer('/read-write', 503);

  await server.postgres.start();
  await waitForStatus(panel, 'writes to be back', ({ writes }) => writes.allowed);
  await addSubscriber(panel, 'after-postgres');
  expect(await subscribersOf(server)).toEqual(['after-postgres', 'without-redis']);
  await waitForAnswer('/read-write', 200);
});

test('Redis going away: signing in, reading and writing go on, and the status says what is down', async () => {
  await server.redis.kill();
  await expectServing();
  await waitForStatus(panel, 'the state to be told', ({ redis }) => redis.state === 'down');
  const person = await server.panel().signIn();
  await addSubscriber(person, 'after-redis');
  expect((await person.get('/api/subscribers')).status).toBe(200);
  await person.expectOk(person.post('/api/auth/logout', {}));
  // A revoked session stays revoked though the cache is away (DESIGN §11).
  expectRefusal(await person.get('/api/cluster/status'), 'NOT_SIGNED_IN');
  await server.redis.start();
  await waitForStatus(panel, 'Redis to be back', ({ redis }) => redis.state === 'main');
  expectRefusal(await person.get('/api/cluster/status'), 'NOT_SIGNED_IN');
});

test('both going away at once, under load, never gives a 500, and both coming back heals by itself', async () => {
  const seen = new Set<number>();
  let asking = true;
  const load = [1, 2, 3, 4].map(async (worker) => {
    for (let turn = 0; asking; turn += 1) {
      const username = `load-${String(worker)}-${String(turn)}`;
      seen.add((await panel.post('/api/subscribers', { username })).status);
      seen.add((await panel.get('/api/subscribers')).status);
      seen.add((await panel.get('/api/cluster/status')).status);
    }
  });
  const ended = Promise.all(load);
  await waitFor(() => seen.has(201) || seen.has(200), { describe: 'the load to run' });
  await Promise.all([server.postgres.kill(), server.redis.kill()]);
  await waitFor(() => seen.has(503), { describe: 'the load to be refused' });
  seen.delete(201);
  await Promise.all([server.postgres.start(), server.redis.start()]);
  await waitFor(() => seen.has(201), { describe: 'writes to go on' });
  asking = false;
  await ended;
  expect([...seen].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
  await waitForStatus(
    panel,
    'both to be seen again',
    ({ database, redis }) => database.state === 'writable' && redis.state === 'main',
  );
  expect(await subscribersOf(server)).toEqual(
    expect.arrayContaining(['after-postgres', 'after-redis', 'without-redis']),
  );
});
