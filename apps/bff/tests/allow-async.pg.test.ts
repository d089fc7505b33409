/** Synchronous durability without an arbiter: commits wait for a lost standby until an admin lets them go on (SAFETY §4). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, expectRefusal, readNodeFile, subscribersOf, waitForStatus } from './support/panel-status.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let panel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  const options = { environment: { AUTO_FAILOVER: 'false' } };
  [main, secondary] = await Promise.all([testbed.addServer('main', options), testbed.addServer('other', options)]);
  await joinServers(main, secondary);
  panel = await main.panel().signIn();
}, 240_000);

afterAll(() => testbed.dispose());

const allowAsync = (confirm: string) => panel.post<{ code?: string }>('/api/cluster/allow-async', { confirm });
const isIn = (state: string) =>
  waitForStatus(panel, `durability to be ${state}`, ({ durability }) => durability?.state === state, 60_000);

test('SAFETY §4 Durability sync: once it is set, the page says that a second server holds what was acknowledged', async () => {
  expectRefusal(await allowAsync('DC1 Primary'), 'BLOCKED', /wait for no standby/);
  await panel.expectOk(panel.patch('/api/cluster/settings', { durability: 'sync' }));
  const { cluster, durability } = await isIn('sync');
  expect(durability?.wanted).toBe('sync');
  expect(cluster?.promises.join(' ')).toContain('stands on a second server');
  await addSubscriber(panel, 'on-both');
  expectRefusal(await allowAsync('DC1 Primary'), 'BLOCKED', /streams/);
});

test('SAFETY §4 Without an arbiter the admin’s "allow async" first gets the secondary’s signed promise', async () => {
  await secondary.postgres.kill();
  const waiting = panel.post('/api/subscribers', { username: 'waits' });
  const { actions, cluster } = await isIn('stalled');
  expect(actions.allow_async.allowed).toBe(true);
  expect(cluster?.promises.join(' ')).toContain('Commits wait');
  expectRefusal(await allowAsync('DC2 Standby'), 'CONFIRMATION_NEEDED', /DC1 Primary/);
  await panel.expectOk(allowAsync('DC1 Primary'));
  const { events } = await isIn('degraded');
  expect(events.find(({ type }) => type === 'durability_degraded')?.message).toMatch(/promised to wait/);
  expect(readNodeFile(secondary).membership?.promise).toMatchObject({ to_node_id: 1, term: 1 });
  expect(readNodeFile(main).membership?.durability).toMatchObject({ state: 'async', node_ids: [] });
  // Either the waiting commit was acknowledged, or it had been told that it is not known to be safe.
  await waiting;
  await addSubscriber(panel, 'on-main-alone');
});

test('SAFETY §4 Back to sync: the standby that returns is waited for again once it has caught up', async () => {
  await secondary.postgres.start();
  await isIn('sync');
  expect(await waitFor(() => subscribersOf(secondary), { describe: 'its rows' })).toContain('on-main-alone');
});
