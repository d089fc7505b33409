/**
 * A main that is alive while another server is promoted: it is shut first, nobody gets a 500, nothing acknowledged is lost
 * on it, and at no moment do two servers take writes (DESIGN §10, SAFETY §1, §3).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { expectRefusal, readNodeFile, readStatus, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { promote, readPromotionRows, writableServers } from './support/promotions.ts';
import { startDirectWriter, startPanelWriters, type DirectWriter, type PanelWriter } from './support/writers.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let panel: PanelClient;
let operation: Operation;
let byPanel: PanelWriter;
let onMain: DirectWriter;
let onSecondary: DirectWriter;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  [mainPanel, panel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
  await main.postgres.query('CREATE TABLE written (id text PRIMARY KEY)');
  await waitFor(() => secondary.postgres.query("SELECT 1 FROM pg_class WHERE relname = 'written'"), {
    describe: 'the table to arrive',
    until: (rows) => rows.length === 1,
  });
  byPanel = startPanelWriters(mainPanel, 8, 'hammer');
  onMain = startDirectWriter(main, 'main');
  onSecondary = startDirectWriter(secondary, 'secondary');
  try {
    await waitFor(() => byPanel.created.length >= 20 && onMain.acknowledged.length >= 50, {
      describe: 'the writers to write',
    });
    // Before the act: only main takes writes.
    expect(onSecondary.acknowledged).toHaveLength(0);
    operation = await promote(panel, { confirm: 'DC2 Standby' });
    await waitFor(() => onSecondary.acknowledged.length >= 50, { describe: 'the new main to take writes' });
    // Long enough for a shut main to have let one through, were it not shut.
    await waitFor(() => [...byPanel.answers].some(([answer, times]) => answer === '503 READ_ONLY' && times >= 50), {
      describe: 'the old main to refuse',
    });
  } finally {
    await Promise.all([byPanel.stop(), onMain.stop(), onSecondary.stop()]);
  }
}, 240_000);

afterAll(() => testbed.dispose());

test('main is shut before the other is promoted, and the operation says so', async () => {
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  const fenced = operation.phases.find(({ name }) => name === 'fence_main');
  expect(fenced?.state).toBe('completed');
  expect(fenced?.detail).toMatch(/shut/);
  expect(await readPromotionRows(secondary)).toMatchObject([{ term: 2 }]);
});

test('never two writable servers: the old main’s last acknowledgement comes before the new main’s first', async () => {
  const lastOnMain = onMain.acknowledged.at(-1);
  const firstOnSecondary = onSecondary.acknowledged[0];
  expect(lastOnMain).toBeDefined();
  // The old one was acknowledged before it was heard; the new one after it was sent.
  expect(lastOnMain?.sentAtMs).toBeLessThan(firstOnSecondary?.sentAtMs ?? 0);
  expect(lastOnMain?.heardAtMs).toBeLessThan(firstOnSecondary?.heardAtMs ?? 0);
  expect(await writableServers(main, secondary)).toEqual(['secondary (main)']);
});

test('writes that race the fence get 201, 503 or no answer, and never a 500', () => {
  const odd = [...byPanel.answers.keys()].filter((answer) => !/^(201|503 .+|409 .+|connection)$/.test(answer));
  expect(odd).toEqual([]);
  expect(byPanel.answers.get('503 READ_ONLY')).toBeGreaterThan(0);
});

test('every row that the old main acknowledged, by the panel or directly, is in its database still', async () => {
  const subscribers = new Set(await subscribersOf(main));
  expect(byPanel.created.filter((name) => !subscribers.has(name))).toEqual([]);
  const rows = await main.postgres.query<{ id: string }>('SELECT id FROM written');
  const written = new Set(rows.map(({ id }) => id));
  expect(onMain.acknowledged.filter(({ id }) => !written.has(id))).toEqual([]);
});

test('the fenced main refuses writes by the panel with where main is, and by SQL even when asked for READ WRITE', async () => {
  const reply = await mainPanel.post('/api/subscribers', { username: 'too-late' });
  expectRefusal(reply, 'READ_ONLY', 'secondary server is read-only');
  expect(reply.headers['retry-after']).toMatch(/^[0-9]+$/);
  expect(reply.headers['x-main-server']).toBe(secondary.url);
  expect(await main.postgres.isInRecovery()).toBe(true);
  await expect(
    main.postgres.query("BEGIN; SET TRANSACTION READ WRITE; INSERT INTO written VALUES ('too-late'); COMMIT"),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^(25006|0A000|55000|25001)$/) });
  // Reading goes on (DESIGN §10).
  expect((await mainPanel.get('/api/subscribers')).status).toBe(200);
});

test('the fenced main says so on its page and to the load balancers, and follows or says why it must not', async () => {
  // It had sent all that it wrote, or it had not: both happen under writers, and §2 tells them apart.
  const status = await waitForStatus(
    mainPanel,
    'the fence on its page, and what became of it',
    ({ nodes, events, divergence }) =>
      events.some(({ type }) => type === 'main_fenced') &&
      (divergence !== null || nodes.some((node) => node.is_self && node.wal.state === 'streaming')),
    90_000,
  );
  expect(status.server.effective_role).toBe('secondary');
  expect(status.writes.allowed).toBe(false);
  expect(status.events.filter(({ type }) => type === 'main_fenced')).toMatchObject([
    { severity: 'critical', details: { own_term: 1, met_term: 2 } },
  ]);
  // Shut before the other was promoted, so there was no moment with two mains to report.
  expect(status.events.map(({ type }) => type)).not.toContain('split_brain_detected');
  expect((await mainPanel.get('/primary')).status).toBe(503);
  expect((await mainPanel.get('/read-write')).status).toBe(503);
  expect(readNodeFile(main).membership).toMatchObject({ term: 2 });
  // No writes of anybody: a fence that ends by itself is none.
  expect((await readStatus(mainPanel)).database.state).toBe('recovery');
});
