/**
 * A main that may still take writes, because its panel hangs or its database cannot be fenced: nobody becomes main beside
 * it, however often Promote is pressed with the name typed (SAFETY §6: no promotion while WAL flows; §1: shut first).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readNodeFile, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { promote, readPromotionRows, writableServers } from './support/promotions.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let panel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  [mainPanel, panel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
  await main.postgres.query('ALTER SYSTEM SET restart_after_crash = off');
  await main.postgres.query('SELECT pg_reload_conf()');
}, 180_000);

afterAll(() => testbed.dispose());

/** The operation stopped before the database was touched, and says what to do. */
async function expectRefusedAtTheFence(operation: Operation, ...words: RegExp[]): Promise<void> {
  expect(operation.state, JSON.stringify(operation)).toBe('failed');
  expect(operation.phases.find(({ state }) => state === 'failed')?.name).toBe('fence_main');
  for (const word of words) expect(operation.outcome).toMatch(word);
  expect(await secondary.postgres.isInRecovery()).toBe(true);
  expect(await readPromotionRows(secondary)).toEqual([]);
}

test('a panel of main that hangs while its database sends WAL: the promotion stops and says to stop that database', async () => {
  await main.bff.pause();
  try {
    const operation = await promote(panel, { confirm: 'DC2 Standby' });
    await expectRefusedAtTheFence(operation, /WAL/, /[Ss]top PostgreSQL/, /read-only as before/);
    // Main's own clients were right to go on writing, and what they wrote is on both.
    await main.postgres.query("INSERT INTO subscribers (username) VALUES ('while-the-panel-hung')");
    await waitFor(() => subscribersOf(secondary), {
      describe: 'the row to be replicated',
      until: (rows) => rows.includes('while-the-panel-hung'),
    });
  } finally {
    main.bff.resume();
  }
});

test('a main that answers but cannot be made read-only: the promotion stops, and main’s gate is shut', async () => {
  const operation = await promote(panel, { confirm: 'DC2 Standby' });
  await expectRefusedAtTheFence(operation, /could not shut its writes/, /read-only as before/);
  await waitForStatus(mainPanel, 'main to say why', ({ notices }) =>
    notices.some(({ code, sentence }) => code === 'fence' && sentence.includes('restart_after_crash')),
  );
  expect((await mainPanel.post('/api/subscribers', { username: 'refused' })).status).toBe(503);
});

test('once main can be shut, Promote works, and all that main had acknowledged is there', async () => {
  await main.postgres.query('ALTER SYSTEM SET restart_after_crash = on');
  await main.postgres.query('SELECT pg_reload_conf()');
  await waitFor(() => main.postgres.isInRecovery(), { describe: 'main to be fenced', deadlineMs: 60_000 });
  const operation = await promote(panel, { confirm: 'DC2 Standby' });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await addSubscriber(panel, 'on-the-new-main');
  expect(await subscribersOf(secondary)).toEqual(['on-the-new-main', 'while-the-panel-hung']);
  expect(await writableServers(main, secondary)).toEqual(['secondary (main)']);
  const [row] = await readPromotionRows(secondary);
  expect(readNodeFile(main).membership?.term).toBe(row?.term);
});
