/** A secondary leaves, with main alive and with main dead, and nothing is lost on either side (DESIGN §7). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configureMain, joinSecondary, waitForRole, type JoinedSecondary } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  replicationLinesOf,
  slotsOf,
  subscribersOf,
  waitForStatus,
} from './support/panel-status.ts';

interface Left {
  told_main: boolean;
  sentence: string;
}

let testbed: Testbed;
let main: TestServer;
let other: TestServer;
let mainPanel: PanelClient;
let secret: string;
let joined: JoinedSecondary;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, other] = await Promise.all([testbed.addServer('main'), testbed.addServer('other')]);
  ({ clusterSecret: secret } = await configureMain(main, 'DC1 Primary'));
  mainPanel = await main.panel().signIn();
  await addSubscriber(mainPanel, 'first');
  joined = await joinSecondary(main, other, secret, 'DC2 Standby');
});

afterAll(async () => {
  await testbed.dispose();
});

async function leave(promoteDatabase: boolean): Promise<Left> {
  const panel = await other.panel().signIn();
  return panel.expectOk(panel.post<Left>('/api/cluster/leave', { promote_database: promoteDatabase }));
}

async function waitForRows(server: TestServer, rows: string[]): Promise<void> {
  await waitFor(() => subscribersOf(server), { describe: rows.join(), until: (seen) => seen.join() === rows.join() });
}

async function expectLeft(): Promise<void> {
  const status = await readStatus(await other.panel().signIn());
  expect(status.cluster).toBeNull();
  expect(status.server.role).toBe('standalone');
  expect(status.notices.map(({ code }) => code)).toContain('membership_ended');
  const file = readNodeFile(other);
  expect(file.membership).toBeNull();
  expect(JSON.stringify(file)).not.toContain(secret);
  expect(String(await other.redis.command('INFO', 'replication'))).toContain('role:master');
}

test('main does not leave, and leaving asks what becomes of the database', async () => {
  const reply = await mainPanel.post('/api/cluster/leave', { promote_database: true });
  expectRefusal(reply, 'NOT_SECONDARY', 'disband');
  const panel = await other.panel().signIn();
  expectRefusal(await panel.post('/api/cluster/leave', {}), 'INVALID_REQUEST', 'promote_database');
  expect(readNodeFile(other).membership?.role).toBe('secondary');
});

test('leaving read-only: main is told and forgets the node, the data stay as they were', async () => {
  await waitForRows(other, ['first']);
  const left = await leave(false);
  expect(left.told_main).toBe(true);
  expect(left.sentence).toMatch(/stays read-only.*pg_promote.*Main was told/);
  expect(await slotsOf(main)).toEqual([]);
  expect(await replicationLinesOf(main)).toBe(0);
  // SAFETY §1 "Fail-safe restart": nobody is left to wait for, so a restart must come up writable again.
  expect(existsSync(join(main.postgres.dataDirectory, 'standby.signal'))).toBe(false);
  const { nodes, events } = await readStatus(mainPanel);
  expect(nodes.map(({ display_name: name }) => name)).toEqual(['DC1 Primary']);
  expect(events.map(({ type }) => type)).toContain('node_left');
  await expectLeft();
  expect(await other.postgres.isInRecovery()).toBe(true);
  await addSubscriber(mainPanel, 'second');
  expect(await subscribersOf(other)).toEqual(['first']);
  expect(await subscribersOf(main)).toEqual(['first', 'second']);
});

test('leaving once more is harmless and says that there is nothing to leave', async () => {
  const panel = await other.panel().signIn();
  const again = await panel.post('/api/cluster/leave', { promote_database: true });
  expectRefusal(again, 'NOT_CONFIGURED', 'belongs to no cluster');
  expect(await other.postgres.isInRecovery()).toBe(true);
});

test('leaving with the database promoted: it accepts writes at once, and only its own', async () => {
  joined = await joinSecondary(main, other, secret, 'DC2 Standby');
  await waitForRows(other, ['first', 'second']);
  const left = await leave(true);
  expect(left).toMatchObject({ told_main: true, sentence: expect.stringContaining('accepts writes') as string });
  await expectLeft();
  await waitForRole(other, 'standalone');
  expect(await other.postgres.isInRecovery()).toBe(false);
  const panel = await other.panel().signIn();
  await addSubscriber(panel, 'only-here');
  await waitForRows(other, ['first', 'only-here', 'second']);
  expect(await subscribersOf(main)).toEqual(['first', 'second']);
  expect(await slotsOf(main)).toEqual([]);
  // The old cluster's rows are not its own: it could be made main of a new one.
  const { actions } = await readStatus(panel);
  expect(actions.setup_main.allowed).toBe(true);
});

test('leaving a dead main works too, and main removes the node when it is back', async () => {
  joined = await joinSecondary(main, other, secret, 'DC2 Standby');
  await waitForRows(other, ['first', 'second']);
  await main.kill();
  const left = await leave(true);
  expect(left.told_main).toBe(false);
  expect(left.sentence).toMatch(/accepts writes.*Main could not be told: remove this node there/);
  await expectLeft();
  await addSubscriber(await other.panel().signIn(), 'saved');

  await main.start();
  mainPanel = await main.panel().signIn();
  // Nobody is left who could say that it is still main (SAFETY §3 "Terms"): an admin does.
  await waitForStatus(mainPanel, 'main to wait', ({ actions }) => actions.claim_main.allowed);
  await mainPanel.expectOk(mainPanel.post('/api/cluster/claim-main', { confirm: 'DC1 Primary' }));
  await waitForStatus(mainPanel, 'main to take writes', ({ writes }) => writes.allowed);
  await waitForStatus(mainPanel, 'main to see that it is gone', ({ nodes }) =>
    nodes.some(({ id, status }) => id === joined.nodeId && status !== 'online'),
  );
  expect(await slotsOf(main)).toEqual([joined.slotName]);
  await mainPanel.expectOk(mainPanel.delete(`/api/cluster/nodes/${String(joined.nodeId)}`));
  expect(await slotsOf(main)).toEqual([]);
  expect(await subscribersOf(main)).toEqual(['first', 'second']);
  expect(await subscribersOf(other)).toEqual(['first', 'saved', 'second']);
});
