/** Main takes a node out while another one goes on (DESIGN §7, SAFETY §5). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configureMain, joinSecondary, waitForStreaming, type JoinedSecondary } from '@proxpanel/testbed/join-servers';
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
import { isSigned, peerStatusCall, sendSigned } from './support/signed-calls.ts';

interface Removed {
  sentence: string;
  cluster_secret: string | null;
}

let testbed: Testbed;
let main: TestServer;
let stays: TestServer;
let goes: TestServer;
let staying: JoinedSecondary;
let going: JoinedSecondary;
let mainPanel: PanelClient;
let goesPanel: PanelClient;
let oldSecret: string;
let newSecret: string;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, stays, goes] = (await Promise.all(['main', 'stays', 'goes'].map((name) => testbed.addServer(name)))) as [
    TestServer,
    TestServer,
    TestServer,
  ];
  ({ clusterSecret: oldSecret } = await configureMain(main, 'DC1 Primary'));
  mainPanel = await main.panel().signIn();
  await addSubscriber(mainPanel, 'first');
  staying = await joinSecondary(main, stays, oldSecret, 'Stays');
  going = await joinSecondary(main, goes, oldSecret, 'Goes');
  goesPanel = await goes.panel().signIn();
});

afterAll(async () => {
  await testbed.dispose();
});

/** A secondary that streams with the password that main's role has now, from a connection made now. */
async function expectFreshStream(server: TestServer, slotName: string, row: string): Promise<void> {
  await server.postgres.stop();
  await server.postgres.start();
  await waitForStreaming(main, slotName);
  await addSubscriber(mainPanel, row);
  await waitFor(() => subscribersOf(server), { describe: `${row} to arrive`, until: (rows) => rows.includes(row) });
}

test('main cannot remove itself, nor a node that never was', async () => {
  const own = readNodeFile(main).membership?.node_id;
  expectRefusal(await mainPanel.delete(`/api/cluster/nodes/${String(own)}`), 'BLOCKED', 'cannot remove itself');
  for (const id of ['77', '0', '-1', '1e9', 'x', '99999999999999999999']) {
    expectRefusal(await mainPanel.delete(`/api/cluster/nodes/${id}`), 'NODE_UNKNOWN');
  }
  expect(await slotsOf(main)).toEqual([staying.slotName, going.slotName].sort());
});

test('a removal asked of a secondary over plain http is refused, because its reply would carry the new secret', async () => {
  const panel = await stays.panel().signIn();
  expectRefusal(
    await panel.delete(`/api/cluster/nodes/${String(going.nodeId)}`),
    'NOT_MAIN',
    'in clear',
    'DC1 Primary',
  );
  expect(await slotsOf(main)).toEqual([staying.slotName, going.slotName].sort());
});

test('a removal drops the slot and changes the secret', async () => {
  const path = `/api/cluster/nodes/${String(going.nodeId)}`;
  const reply = await mainPanel.expectOk(mainPanel.delete<Removed>(path));
  expect(reply.sentence).toContain('"Goes" was removed');
  expect(reply.cluster_secret).toMatch(/^[0-9a-f]{64}$/);
  newSecret = reply.cluster_secret ?? '';
  expect(newSecret).not.toBe(oldSecret);
  expect(await slotsOf(main)).toEqual([staying.slotName]);
  const { nodes, events } = await readStatus(mainPanel);
  expect(nodes.map(({ display_name: name }) => name)).toEqual(['DC1 Primary', 'Stays']);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['node_removed', 'secret_rotated']));
});

test('the removed server says so on its own page and keeps all its data', async () => {
  const status = await waitForStatus(goesPanel, 'it to know that it was removed', ({ cluster }) => cluster === null);
  expect(status.server.role).toBe('standalone');
  expect(status.notices.map(({ sentence }) => sentence).join('\n')).toMatch(/removed this server from the cluster/);
  expect(await subscribersOf(goes)).toEqual(['first']);
  // It was a copy a moment ago: it may not begin to write by itself.
  expect(await goes.postgres.isInRecovery()).toBe(true);
  expect(String(await goes.redis.command('INFO', 'replication'))).toContain('role:master');
});

test('a removed node that still signs with its old secret hears a signed 410, and nothing else', async () => {
  const call = peerStatusCall(main, { nodeId: going.nodeId, secret: oldSecret });
  const reply = await sendSigned(mainPanel, call);
  expectRefusal(reply, 'NODE_REMOVED', 'was removed');
  expect(reply.status).toBe(410);
  expect(isSigned(reply)).toBe(true);
  const unknown = await sendSigned(mainPanel, { ...call, secret: newSecret });
  expectRefusal(unknown, 'NODE_UNKNOWN');
});

test('the old secret joins nobody any more', async () => {
  const body = { main_address: main.url, cluster_secret: oldSecret };
  const refused = await goesPanel.post('/api/cluster/setup-secondary', body);
  expect(expectRefusal(refused, 'SECRET_MISMATCH')).toBe('cluster secret mismatch');
});

test('the other secondary fetches the new secret and streams with the new password', async () => {
  await waitFor(() => readNodeFile(stays).membership?.secret, {
    describe: 'the new secret to be fetched',
    until: (secret) => secret === newSecret,
  });
  await waitFor(() => readNodeFile(main).membership?.previous_secret, {
    describe: 'main to know that it was fetched',
    until: (previous) => previous === null,
  });
  expect(readNodeFile(stays).membership?.replication).toEqual(readNodeFile(main).membership?.replication);
  await expectFreshStream(stays, staying.slotName, 'second');
  await waitFor(() => stays.redis.command('INFO', 'replication'), {
    describe: 'its Redis to follow main',
    until: (info) => String(info).includes('master_link_status:up'),
  });
  expect(await subscribersOf(goes)).toEqual(['first']);
});

test('removing it once more is harmless and changes no secret', async () => {
  const reply = await mainPanel.expectOk(mainPanel.delete<Removed>(`/api/cluster/nodes/${String(going.nodeId)}`));
  expect(reply).toMatchObject({ cluster_secret: null, sentence: expect.stringContaining('removed before') as string });
  expect(readNodeFile(main).membership?.secret).toBe(newSecret);
  expect(await slotsOf(main)).toEqual([staying.slotName]);
});

test('the removed server may join again with the new secret, as a new node', async () => {
  const { actions } = await readStatus(goesPanel);
  expect(actions.join).toEqual({ allowed: true, reasons: [] });
  const again = await joinSecondary(main, goes, newSecret, 'Came back');
  expect(again.nodeId).toBeGreaterThan(going.nodeId);
  expect(await slotsOf(main)).toEqual([staying.slotName, again.slotName].sort());
  await waitFor(() => subscribersOf(goes), { describe: 'its rows', until: (rows) => rows.join() === 'first,second' });
  // Both gone, nothing is open any more: they share this machine's address, and so their lines.
  for (const nodeId of [again.nodeId, staying.nodeId]) {
    await waitFor(() => readNodeFile(main).membership?.previous_secret, {
      describe: 'the last rotation to reach everybody',
      until: (previous) => previous === null,
    });
    expect(await replicationLinesOf(main)).toBeGreaterThan(0);
    await mainPanel.expectOk(mainPanel.delete(`/api/cluster/nodes/${String(nodeId)}`));
  }
  expect(await replicationLinesOf(main)).toBe(0);
  expect(await slotsOf(main)).toEqual([]);
  expect(await subscribersOf(main)).toEqual(['first', 'second']);
});
