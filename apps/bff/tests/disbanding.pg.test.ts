/** Main dissolves the cluster: every server keeps its data, nothing is promoted, and a new one can be made (DESIGN §7). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configureMain, joinSecondary, joinServers, waitForRole } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  slotsOf,
  subscribersOf,
  waitForStatus,
} from './support/panel-status.ts';

interface Disbanded {
  sentence: string;
  slots: { slot_name: string; drop_command: string }[];
}

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let mainPanel: PanelClient;
let otherPanel: PanelClient;
let slotName: string;
let clusterId: string;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
  ({ slotName } = (await joinServers(main, other)).secondary);
  [mainPanel, otherPanel] = await Promise.all([main.panel().signIn(), other.panel().signIn()]);
  await addSubscriber(mainPanel, 'first');
  clusterId = readNodeFile(main).membership?.cluster_id ?? '';
});

afterAll(async () => {
  await testbed.dispose();
});

async function expectToArrive(row: string): Promise<void> {
  await waitFor(() => subscribersOf(other), { describe: `${row} to arrive`, until: (rows) => rows.includes(row) });
}

test('disbanding lists the slots that are left, each with the command that drops it', async () => {
  const reply = await mainPanel.expectOk(mainPanel.post<Disbanded>('/api/cluster/disband', {}));
  expect(reply.slots).toEqual([
    { slot_name: slotName, drop_command: expect.stringContaining(`pg_drop_replication_slot('${slotName}')`) as string },
  ]);
  expect(reply.sentence).toMatch(/disbanded.*drop it/);
  const status = await readStatus(mainPanel);
  expect(status.server.role).toBe('standalone');
  expect(status.writes.allowed).toBe(true);
  expect(status.events.map(({ type }) => type)).toContain('cluster_disbanded');
  const [config] = await main.postgres.query('SELECT is_active, role FROM cluster_config');
  expect(config).toEqual({ is_active: false, role: 'standalone' });
  expect(
    await main.postgres.query(`SELECT FROM pg_stat_file('standby.signal', true) AS f WHERE f.size IS NOT NULL`),
  ).toEqual([]);
});

test('the secondary sees it, says so, stops its loops, and never promotes itself', async () => {
  const status = await waitForStatus(otherPanel, 'it to know', ({ cluster }) => cluster?.is_active !== true);
  expect(status.notices.map(({ sentence }) => sentence).join('\n')).toMatch(/disbanded/);
  expect(status.promote.allowed).toBe(false);
  const refused = await otherPanel.post('/api/cluster/promote', { mode: 'emergency', confirm: 'DC2 Standby' });
  expect(refused.status).toBe(409);
  expect(await other.postgres.isInRecovery()).toBe(true);
  // Replication is left running until an admin ends it.
  await addSubscriber(mainPanel, 'after');
  await expectToArrive('after');

  // Main dies for longer than every limit of these servers' settings: still nobody promotes anything.
  const heartbeats = () => main.bff.readLog().match(/\/api\/cluster\/heartbeat/g)?.length ?? 0;
  const before = heartbeats();
  expect(before).toBeGreaterThan(0);
  await main.kill();
  const { offline_after_ms: limitMs } = readNodeFile(main).membership?.settings ?? { offline_after_ms: 6_000 };
  const until = Date.now() + limitMs + 2_000;
  await waitFor(() => other.postgres.isInRecovery(), {
    describe: 'the limits to pass',
    until: (inRecovery) => !inRecovery || Date.now() > until,
  });
  expect(await other.postgres.isInRecovery()).toBe(true);
  await main.start();
  mainPanel = await main.panel().signIn();
  expect(heartbeats()).toBe(before);
  expect((await readStatus(mainPanel)).writes.allowed).toBe(true);
  await addSubscriber(mainPanel, 'restarted');
  await expectToArrive('restarted');
});

test('disbanding once more is harmless', async () => {
  const again = await mainPanel.post('/api/cluster/disband', {});
  expectRefusal(again, 'NOT_CONFIGURED', 'no cluster');
  expect(await slotsOf(main)).toEqual([slotName]);
});

test('the secondary leaves what is over, its slot can be dropped, and a new cluster can be made of both', async () => {
  const left = await otherPanel.expectOk(
    otherPanel.post<{ sentence: string }>('/api/cluster/leave', { promote_database: true }),
  );
  expect(left.sentence).toContain('accepts writes');
  await waitForRole(other, 'standalone');
  const rows = ['after', 'first', 'restarted'];
  expect(await subscribersOf(other)).toEqual(rows);
  if ((await slotsOf(main)).length > 0) {
    await waitFor(() => main.postgres.query(`SELECT pg_drop_replication_slot('${slotName}')`), {
      describe: 'the slot to be free',
    });
  }
  const { clusterSecret } = await configureMain(main, 'New Primary');
  const cluster = readNodeFile(main).membership;
  expect(cluster?.cluster_id).not.toBe(clusterId);
  const joined = await joinSecondary(main, other, clusterSecret, 'New Standby');
  expect(await slotsOf(main)).toEqual([joined.slotName]);
  await addSubscriber(mainPanel, 'again');
  await expectToArrive('again');
  expect(await subscribersOf(main)).toEqual(['after', 'again', 'first', 'restarted']);
});
