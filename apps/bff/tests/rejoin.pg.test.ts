/** An old main with rows of its own is repaired: Rejoin, its script, and this server takes part again (SAFETY §2, DESIGN §8). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readNodeFile, subscribersOf } from './support/panel-status.ts';
import { promoteWithName } from './support/promotions.ts';
import { runScript } from './support/scripts.ts';

const promotedByHand = { environment: { AUTO_FAILOVER: 'off' } };

let testbed: Testbed;
let old: TestServer;
let main: TestServer;
let oldPanel: PanelClient;
let mainPanel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  [old, main] = await Promise.all([
    testbed.addServer('old', promotedByHand),
    testbed.addServer('main', promotedByHand),
  ]);
  await joinServers(old, main);
  [oldPanel, mainPanel] = await Promise.all([old.panel().signIn(), main.panel().signIn()]);
  await addSubscriber(oldPanel, 'before-the-fork');
  await waitFor(() => subscribersOf(main), { describe: 'the row to arrive', until: (rows) => rows.length === 1 });
  await old.kill();
  await promoteWithName(mainPanel);
  await addSubscriber(mainPanel, 'on-the-new-main');
  // As if it had taken writes while it was cut off.
  await rm(join(old.postgres.dataDirectory, 'standby.signal'), { force: true });
  await old.postgres.start();
  await old.postgres.query(`INSERT INTO subscribers (username) VALUES ('only-on-the-old-main')`);
  await old.start();
  await waitFor(() => old.postgres.isInRecovery(), { describe: 'the old main to be read-only', deadlineMs: 60_000 });
}, 300_000);

afterAll(() => testbed.dispose());

test('a server that has not parted from main is refused, with the reason', async () => {
  expectRefusal(await mainPanel.post('/api/cluster/rejoin', {}), 'BLOCKED', /is main/);
  expectRefusal(await oldPanel.get('/api/cluster/rejoin.sh'), 'NOT_AVAILABLE', /Rejoin/);
});

test('Rejoin makes the script, which repairs the server; then the fence is gone and main’s promotions are its own', async () => {
  const made = await oldPanel.expectOk(
    oldPanel.post<{ slot_name: string; script_path: string; script_command: string }>('/api/cluster/rejoin', {}),
  );
  expect(made.script_path).toMatch(/\/rejoin\.sh$/);
  const { membership } = readNodeFile(old);
  expect(made.slot_name).toBe(`replica_${String(membership?.node_id)}`);
  const script = await oldPanel.get<string>('/api/cluster/rejoin.sh');
  expect(script.body).toContain("REPAIR='rewind'");
  expect(script.body).not.toContain(membership?.replication.password);
  await waitFor(() => main.postgres.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [made.slot_name]), {
    describe: 'the slot on main',
    until: (rows) => rows.length === 1,
  });

  const end = await runScript(old, made.script_path);
  expect(end.output).toContain('rewinding from last common checkpoint');
  expect(end.exitCode, end.output).toBe(0);
  const after = await waitFor(() => readNodeFile(old), {
    describe: 'the repair to be complete',
    until: (file) => file.membership?.fence === null && file.membership.divergence === null,
  });
  const mains = readNodeFile(main).membership;
  expect(after.membership?.promotions.map((each) => each.promotion_id)).toEqual(
    mains?.promotions.map((each) => each.promotion_id),
  );
  expect(after.join_script?.finished).toBe(true);
  expect(await subscribersOf(old)).toEqual(['before-the-fork', 'on-the-new-main']);
  expect(await old.postgres.isInRecovery()).toBe(true);
  await addSubscriber(mainPanel, 'after-the-repair');
  await waitFor(() => subscribersOf(old), { describe: 'the next row', until: (rows) => rows.length === 3 });
  const events = await oldPanel.expectOk(
    oldPanel.get<{ events: { type: string }[] }>('/api/cluster/events?type=rejoin_completed'),
  );
  expect(events.events).toHaveLength(1);
});

test('it is done: another Rejoin is refused, and another run has nothing to do', async () => {
  expectRefusal(await oldPanel.post('/api/cluster/rejoin', {}), 'BLOCKED', /nothing to repair/);
  const again = await runScript(old, readNodeFile(old).join_script?.script_path ?? 'none');
  expect(again.output).toContain('nothing to do');
  expect(again.exitCode).toBe(0);
});
