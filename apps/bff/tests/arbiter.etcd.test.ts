/** Two servers and an arbiter from the first day: joining, main's death, an arbiter that is away when it matters. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EtcdServer } from '@proxpanel/testbed/etcd-server';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import {
  addSubscriber,
  expectRefusal,
  readNodeFile,
  readStatus,
  subscribersOf,
  waitForStatus,
} from './support/panel-status.ts';
import { askToPromote, promote, writableServers } from './support/promotions.ts';

let testbed: Testbed;
let arbiter: EtcdServer;
let one: TestServer;
let other: TestServer;
let onePanel: PanelClient;
let otherPanel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  arbiter = await testbed.addArbiter();
  const environment = { ...arbiter.environment, AUTO_FAILOVER: 'true', LEASE_TTL_MS: '6000' };
  [one, other] = await Promise.all([
    testbed.addServer('one', { environment }),
    testbed.addServer('other', { environment }),
  ]);
}, 180_000);

afterAll(() => testbed.dispose());

const writes = (panel: PanelClient, name: string) =>
  waitForStatus(panel, `${name} to take writes`, (status) => status.writes.allowed, 90_000);

test('SAFETY §3 Lease: main has one before the first other server is listed, and nobody is shut by a join', async () => {
  await joinServers(one, other);
  [onePanel, otherPanel] = await Promise.all([one.panel().signIn(), other.panel().signIn()]);
  const status = await writes(onePanel, 'main');
  expect(status.arbiter).toMatchObject({ state: 'ok', lease_node_id: status.server.node_id });
  expect(status.events.map(({ type }) => type)).not.toContain('main_fenced');
  expect(readNodeFile(one).membership?.promotions).toEqual([]);
}, 120_000);

test('SAFETY §4 With an arbiter: main is lost with its machine, and the other server takes over with a new term', async () => {
  const termBefore = readNodeFile(one).membership?.term ?? 0;
  await addSubscriber(onePanel, 'before');
  await waitFor(() => subscribersOf(other), {
    describe: 'the row to arrive',
    until: (rows) => rows.includes('before'),
  });
  await waitForStatus(
    otherPanel,
    'the time after a start to pass',
    ({ failover }) => failover?.blockers.every(({ code }) => code !== 'just_started') === true,
  );
  await Promise.all([one.bff.kill(), one.postgres.kill(), one.redis.kill()]);
  await writes(otherPanel, 'the other server');
  expect(readNodeFile(other).membership?.term).toBeGreaterThan(termBefore);
  await addSubscriber(otherPanel, 'after');
  await Promise.all([one.postgres.start(), one.redis.start()]);
  await one.bff.start();
  await waitForStatus(
    otherPanel,
    'the old main to follow',
    ({ nodes }) => nodes.some((node) => !node.is_main && node.status === 'online'),
    90_000,
  );
  expect(await writableServers(one, other)).toEqual(['other (main)']);
}, 180_000);

test('SAFETY §3 Arbiter away: main goes on by its secondary’s promise; alone with nobody it is shut by its deadline', async () => {
  await arbiter.stop();
  await waitForStatus(otherPanel, 'the arbiter to be missed', (status) => status.arbiter?.state === 'away');
  // Longer than the lease: only promises keep main going.
  await waitFor(() => Promise.resolve(readNodeFile(one).membership?.promise ?? null), {
    describe: 'the promise on the disk of the secondary',
    until: (promise) => promise !== null,
  });
  await addSubscriber(otherPanel, 'by-promise');
  await one.bff.kill();
  await waitFor(() => other.postgres.isInRecovery(), { describe: 'main to be shut', deadlineMs: 60_000 });
}, 180_000);

test('SAFETY §3 Arbiter away: an emergency promotion needs its own override', async () => {
  await other.bff.kill();
  await other.postgres.kill();
  await one.bff.start();
  onePanel = await one.panel().signIn();
  const body = { confirm: readNodeFile(one).membership?.display_name };
  await waitForStatus(
    onePanel,
    'a promise to have run out',
    ({ failover }) =>
      failover?.blockers.every(({ code }) => code !== 'promise_runs' && code !== 'just_started') === true,
  );
  const refused = await askToPromote(onePanel, body);
  if (refused.status !== 202) expectRefusal(refused, 'BLOCKED', /arbiter/i);
  else await waitForStatus(onePanel, 'it to fail', ({ operation }) => operation?.state === 'failed', 90_000);
  const operation = await promote(onePanel, { ...body, without_arbiter: true });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await addSubscriber(onePanel, 'by-override');
  await arbiter.start();
  await waitForStatus(
    onePanel,
    'the lease to be taken',
    (status) => status.arbiter?.lease_node_id === status.server.node_id,
    90_000,
  );
  expect((await readStatus(onePanel)).writes.allowed).toBe(true);
}, 240_000);
