/** Automatic failover and the fail-safe restart on real servers: who takes over, who waits, and who comes back as what. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readNodeFile, readStatus, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { writableServers } from './support/promotions.ts';

let testbed: Testbed;
let one: TestServer;
let other: TestServer;
let onePanel: PanelClient;
let otherPanel: PanelClient;

const quickTimers = {
  HEARTBEAT_INTERVAL_MS: '500',
  PROBE_INTERVAL_MS: '500',
  LATE_AFTER_MS: '2000',
  OFFLINE_AFTER_MS: '4000',
  FAILOVER_AFTER_MS: '6000',
  AUTO_FAILOVER: 'true',
  // A PostgreSQL that is slow to come back on a busy machine would be handed over, which is another test's need.
  DB_DOWN_AFTER_MS: '60000',
};

beforeAll(async () => {
  testbed = await createTestbed();
  const options = { environment: quickTimers };
  [one, other] = await Promise.all([testbed.addServer('one', options), testbed.addServer('other', options)]);
  await joinServers(one, other);
  [onePanel, otherPanel] = await Promise.all([one.panel().signIn(), other.panel().signIn()]);
}, 180_000);

afterAll(() => testbed.dispose());

const isWritable = (panel: PanelClient, name: string) =>
  waitForStatus(panel, `${name} to take writes`, ({ writes }) => writes.allowed, 60_000);

test('SAFETY §1 Fail-safe restart: a main whose PostgreSQL crashed comes up read-only and is resumed by a peer’s word', async () => {
  await waitForStatus(onePanel, 'standby.signal to be kept', ({ writes }) => writes.allowed);
  await addSubscriber(onePanel, 'before-the-crash');
  const before = readNodeFile(one).membership;
  await one.postgres.kill();
  await one.postgres.start();
  await isWritable(onePanel, 'main');
  const after = readNodeFile(one).membership;
  expect(after?.term).toBe(before?.term);
  expect(after?.promotions.length).toBe((before?.promotions.length ?? 0) + 1);
  expect(await subscribersOf(one)).toContain('before-the-crash');
  await waitForStatus(otherPanel, 'the secondary to stream again', ({ nodes }) =>
    nodes.some((node) => node.is_self && node.wal.state === 'streaming'),
  );
});

test('SAFETY §1 Fail-safe restart: with nobody to ask it stays read-only', async () => {
  await other.bff.stop();
  await one.postgres.kill();
  await one.postgres.start();
  const status = await waitForStatus(onePanel, 'main to wait', ({ database }) => database.state === 'recovery');
  expect(status.writes.allowed).toBe(false);
  // It has asked, and nobody has answered.
  await waitForStatus(onePanel, 'the notice', ({ failover }) => failover !== null);
  expect((await readStatus(onePanel)).server.effective_role).toBe('secondary');
  await other.bff.start();
  await isWritable(onePanel, 'main');
});

test('SAFETY §4 All of: main silent by every path is replaced by itself, and returns read-only', async () => {
  await addSubscriber(onePanel, 'before-the-failover');
  await waitFor(() => subscribersOf(other), {
    describe: 'the row on the secondary',
    until: (names) => names.includes('before-the-failover'),
  });
  await Promise.all([one.bff.kill(), one.postgres.kill(), one.redis.kill()]);
  await isWritable(otherPanel, 'the secondary');
  const status = await readStatus(otherPanel);
  expect(status.server.effective_role).toBe('main');
  expect(status.failover?.last_failover?.acknowledged).toBe(false);
  await addSubscriber(otherPanel, 'after-the-failover');
  await Promise.all([one.postgres.start(), one.redis.start()]);
  await one.bff.start();
  await waitForStatus(otherPanel, 'the old main to follow', ({ nodes }) =>
    nodes.some((node) => !node.is_main && node.status === 'online'),
  );
  expect(await writableServers(one, other)).toEqual(['other (main)']);
  await waitFor(() => subscribersOf(one), {
    describe: 'the new row on the old main',
    until: (names) => names.includes('after-the-failover'),
  });
});
