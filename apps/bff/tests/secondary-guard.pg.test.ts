/** What a secondary refuses, what it serves, and what load balancers hear of every state (DESIGN §5, §10). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers, type JoinedSecondary } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readStatus, subscribersOf, waitForStatus } from './support/panel-status.ts';

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let standalone: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let joined: JoinedSecondary;

const questions = ['/primary', '/read-write', '/replica', '/read-only'] as const;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other, standalone] = await Promise.all([
    testbed.addServer('main'),
    testbed.addServer('other'),
    testbed.addServer('standalone'),
  ]);
  ({ secondary: joined } = await joinServers(main, other));
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await addSubscriber(mainPanel, 'first');
  await waitFor(() => subscribersOf(other), { describe: 'the row', until: (rows) => rows.length === 1 });
});

afterAll(async () => {
  await testbed.dispose();
});

/** The answers to the four questions in their order, once they are these, by all three methods. */
async function expectAnswers(server: TestServer, wanted: readonly number[]): Promise<void> {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    const ask = () =>
      Promise.all(
        questions.map(async (path) => {
          const reply = await fetch(server.url + path, { method, signal: AbortSignal.timeout(5_000) });
          await reply.arrayBuffer();
          return reply.status;
        }),
      );
    await waitFor(ask, {
      describe: `${method} of ${server.name} to answer ${wanted.join()}`,
      until: (seen) => seen.join() === wanted.join(),
    });
  }
}

test('load balancers hear who writes and who replicates: standalone, main, secondary', async () => {
  await expectAnswers(standalone, [200, 200, 503, 200]);
  await expectAnswers(main, [200, 200, 503, 200]);
  await expectAnswers(other, [503, 503, 200, 200]);
  const wrong = await fetch(`${main.url}/primary`, { method: 'POST' });
  expect(wrong.status).toBe(405);
});

test('every write to a secondary is a 503 that names main; reading goes on', async () => {
  const writes = [
    () => otherPanel.post('/api/subscribers', { username: 'x' }),
    () => otherPanel.post('/api/subscribers', 'not even JSON'),
    () => otherPanel.patch('/api/subscribers/1', {}),
    () => otherPanel.delete('/api/subscribers/1'),
    () => otherPanel.post('/api/anything/else', {}),
    // Nobody needs to be signed in to be told.
    () => other.panel().post('/api/subscribers', { username: 'x' }),
  ];
  for (const write of writes) {
    const reply = await write();
    expect(expectRefusal(reply, 'READ_ONLY')).toBe('secondary server is read-only');
    expect(reply.headers['x-main-server']).toBe(main.url);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
  }
  const list = await otherPanel.expectOk(otherPanel.get('/api/subscribers'));
  expect(JSON.stringify(list)).toContain('first');
  expect(await subscribersOf(main)).toEqual(['first']);
});

test('signing in and out works on a secondary, and main-only calls are done by main', async () => {
  const person = await other.panel().signIn();
  expect((await person.get('/api/auth/me')).status).toBe(200);
  const changed = await person.expectOk(
    person.patch<{ settings: { late_after_ms: number } }>('/api/cluster/settings', { late_after_ms: 4_321 }),
  );
  expect(changed.settings.late_after_ms).toBe(4_321);
  expect((await readStatus(mainPanel)).cluster?.settings.late_after_ms).toBe(4_321);
  await waitForStatus(otherPanel, 'the setting to arrive', ({ cluster }) => cluster?.settings.late_after_ms === 4_321);
  await person.expectOk(person.post('/api/auth/logout', {}));
  expectRefusal(await person.get('/api/auth/me'), 'NOT_SIGNED_IN');
});

test('a secondary whose PostgreSQL is stopped serves its page, and nobody is sent to it', async () => {
  await other.postgres.stop();
  await expectAnswers(other, [503, 503, 503, 503]);
  const status = await waitForStatus(otherPanel, 'it to be told', ({ database }) => database.state === 'down');
  expect(status.server.role).toBe('secondary');
  expect(status.writes.allowed).toBe(false);
  // Role and main are known from node.json: the database being away makes no write possible.
  const refused = await otherPanel.post('/api/subscribers', { username: 'x' });
  expect(refused.status).toBe(503);
  expect(['READ_ONLY', 'DATABASE_DOWN']).toContain((refused.body as { code: string }).code);
  expect((await other.panel().get('/settings/cluster')).status).toBe(200);
  await other.postgres.start();
  await expectAnswers(other, [503, 503, 200, 200]);
});

test('a secondary that has lost main serves no stale reads to balancers, and main-only calls say why not', async () => {
  await main.kill();
  await expectAnswers(other, [503, 503, 503, 503]);
  const reply = await otherPanel.patch('/api/cluster/settings', { late_after_ms: 3_000 });
  expectRefusal(reply, 'NOT_MAIN', 'DC1 Primary', 'did not answer');
  expectRefusal(await otherPanel.delete(`/api/cluster/nodes/${String(joined.nodeId)}`), 'NOT_MAIN');
  expectRefusal(await otherPanel.post('/api/subscribers', { username: 'x' }), 'READ_ONLY');
  expect((await otherPanel.get('/api/subscribers')).status).toBe(200);
  await main.start();
  await expectAnswers(main, [200, 200, 503, 200]);
  await expectAnswers(other, [503, 503, 200, 200]);
});

test('a main whose database is down is no address for anybody, and its writes are 503', async () => {
  await main.postgres.stop('immediate');
  await expectAnswers(main, [503, 503, 503, 503]);
  expectRefusal(await mainPanel.post('/api/subscribers', { username: 'x' }), 'DATABASE_DOWN');
  await main.postgres.start();
  await expectAnswers(main, [200, 200, 503, 200]);
  await addSubscriber(mainPanel, 'second');
  await waitFor(() => subscribersOf(other), { describe: 'the row', until: (rows) => rows.join() === 'first,second' });
});
