/** Links and ports that are cut between two hosts: lag unknown on both, who is late or offline, what is still heard. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, subscribersOf, waitForStatus } from './support/panel-status.ts';
import { promote, writableServers } from './support/promotions.ts';

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let secondaryPanel: PanelClient;
let nodeId: number;

beforeAll(async () => {
  testbed = await createTestbed({ mode: 'hosts' });
  [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  const joined = await joinServers(main, secondary);
  nodeId = joined.secondary.nodeId;
  [mainPanel, secondaryPanel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
  // The status is judged as it is read; the event of a node's first time online is written by main's next tick.
  await waitFor(() => countEvents('node_online'), { describe: 'the event of the join', until: (count) => count > 0 });
}, 180_000);

afterAll(() => testbed.dispose());

function nodeIn(status: ClusterStatus) {
  const node = status.nodes.find(({ id }) => id === nodeId);
  if (node === undefined) throw new Error('the status does not name the secondary');
  return node;
}

const lagIsUnknown = (status: ClusterStatus): boolean =>
  nodeIn(status).replication_lag_bytes === null && nodeIn(status).replication_lag_seconds === null;

async function waitUntilHealthy(): Promise<void> {
  for (const panel of [mainPanel, secondaryPanel]) {
    await waitForStatus(panel, 'an online secondary with a lag of 0', (status) => {
      const { status: health, replication_lag_bytes: bytes, replication_lag_seconds: seconds } = nodeIn(status);
      return health === 'online' && bytes === 0 && seconds === 0;
    });
  }
}

async function countEvents(type: string): Promise<number> {
  const [row] = await main.postgres.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM cluster_events WHERE type = $1 AND node_id = $2',
    [type, nodeId],
  );
  return row?.count ?? 0;
}

/** Waits for the next event of the type after `before` of them. */
async function waitForEvent(type: string, before: number): Promise<void> {
  await waitForStatus(mainPanel, `an event ${type}`, ({ events }) => events.some((event) => event.type === type));
  await expect.poll(() => countEvents(type), { timeout: 30_000 }).toBe(before + 1);
}

/** Main's database refuses that one event from now on, and counts how often. */
async function refuseEvent(type: string) {
  await main.postgres.query(`
    CREATE SEQUENCE refusals MINVALUE 0 START 0;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM nextval('refusals'); RAISE 'refused by the test'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON cluster_events FOR EACH ROW
      WHEN (NEW.type = '${type}') EXECUTE FUNCTION refuse()`);
  return {
    // A sequence keeps what a transaction that was rolled back has taken from it.
    waitUntilRefused: () =>
      waitFor(() => main.postgres.query<{ last_value: string }>('SELECT last_value FROM refusals'), {
        describe: `${type} to be refused more than once`,
        until: ([row]) => Number(row?.last_value) >= 2,
      }),
    end: () => main.postgres.query('DROP FUNCTION refuse CASCADE; DROP SEQUENCE refusals'),
  };
}

async function storedStatus(): Promise<string | undefined> {
  const [row] = await main.postgres.query<{ status: string }>('SELECT status FROM cluster_nodes WHERE id = $1', [
    nodeId,
  ]);
  return row?.status;
}

test('a cut link: the lag is unknown on both within the WAL time-out, and the node goes late, offline, and back', async () => {
  await waitUntilHealthy();
  const before = { offline: await countEvents('node_offline'), online: await countEvents('node_online') };
  const refusal = await refuseEvent('node_offline');
  const cutAtMs = performance.now();
  await testbed.cutLink(main, secondary);
  // The first heartbeat that is missed makes it late; nobody need wait for offline to see that something is wrong.
  await waitForStatus(mainPanel, 'main to call it late or unreachable', (status) =>
    ['late', 'unreachable'].includes(nodeIn(status).status),
  );
  await Promise.all([
    waitForStatus(mainPanel, 'main to say unknown', lagIsUnknown),
    waitForStatus(secondaryPanel, 'the secondary to say unknown', lagIsUnknown),
  ]);
  // SAFETY §4: wal_sender_timeout and wal_receiver_timeout are 10 s; the rest is a loaded machine's.
  expect(performance.now() - cutAtMs).toBeLessThan(25_000);
  await waitForStatus(mainPanel, 'main to call it offline', (status) => nodeIn(status).status === 'offline');
  // The state and its event are one: a main that ends between them must tell the event all the same.
  await refusal.waitUntilRefused();
  expect(await storedStatus()).not.toBe('offline');
  await refusal.end();
  await waitForEvent('node_offline', before.offline);
  expect(await storedStatus()).toBe('offline');
  expect((await waitForStatus(mainPanel, 'the notice', ({ notices }) => notices.length > 0)).notices).toContainEqual(
    expect.objectContaining({ code: 'node_offline' }),
  );
  const seen = await waitForStatus(secondaryPanel, 'the secondary to miss main', ({ nodes }) =>
    nodes.some((node) => node.is_main && node.status === 'offline'),
  );
  expect(seen.notices.map(({ code }) => code)).toContain('main_silent');
  // Cut off, it is a secondary all the same: nobody becomes main by a cut alone.
  expect(seen.server.effective_role).toBe('secondary');

  await testbed.healLink(main, secondary);
  await waitUntilHealthy();
  await waitForEvent('node_online', before.online);
  expect(await countEvents('node_offline')).toBe(before.offline + 1);
});

test('one failed probe makes a node unreachable while its heartbeats still come, and it is online again by itself', async () => {
  await waitUntilHealthy();
  await testbed.cutPort(secondary, 'bff');
  const status = await waitForStatus(
    mainPanel,
    'main to call it unreachable',
    (seen) => nodeIn(seen).status === 'unreachable',
  );
  // Heard all the same, by heartbeat and by WAL.
  expect(Date.now() - Date.parse(nodeIn(status).last_heartbeat_at ?? '')).toBeLessThan(6_000);
  expect(nodeIn(status).replication_lag_bytes).not.toBeNull();
  expect(nodeIn(status).wal.state).toBe('streaming');
  await testbed.healPort(secondary, 'bff');
  await waitUntilHealthy();
});

test('only the database port cut: the lag is unknown and the node not online, but heard', async () => {
  await waitUntilHealthy();
  const offlineBefore = await countEvents('node_offline');
  await testbed.cutPort(main, 'postgres');
  const status = await waitForStatus(
    mainPanel,
    'main to say unknown and not online',
    (seen) => lagIsUnknown(seen) && nodeIn(seen).status !== 'online',
  );
  expect(nodeIn(status).status).toBe('syncing');
  expect(Date.now() - Date.parse(nodeIn(status).last_seen_at ?? '')).toBeLessThan(6_000);
  const own = await waitForStatus(secondaryPanel, 'the secondary to say unknown', lagIsUnknown);
  expect(nodeIn(own).status).not.toBe('online');
  expect(own.nodes.find((node) => node.is_main)?.status).toBe('online');
  expect(await countEvents('node_offline')).toBe(offlineBefore);
  await testbed.healPort(main, 'postgres');
  await waitUntilHealthy();
});

test('promoted across a cut link there are two mains; healed, the old one is shut within a probe, and both keep their rows', async () => {
  await addSubscriber(mainPanel, 'before-the-cut');
  await waitFor(() => subscribersOf(secondary), { describe: 'the row to arrive', until: (rows) => rows.length === 1 });
  await testbed.cutLink(main, secondary);
  // Without an arbiter a cut link looks like a death (SAFETY §6), and the admin on this side sees only that.
  const operation = await promote(secondaryPanel, { confirm: 'DC2 Standby' });
  expect(operation.state, JSON.stringify(operation)).toBe('completed');
  await addSubscriber(mainPanel, 'on-the-old-main');
  await addSubscriber(secondaryPanel, 'on-the-new-main');

  await testbed.healLink(main, secondary);
  const healedAtMs = performance.now();
  await waitFor(() => writableServers(main, secondary), {
    describe: 'one writable server',
    until: (names) => names.join() === 'secondary (main)',
  });
  // A probe each second, the time that TCP needs to find the link healed, and a fence.
  expect(performance.now() - healedAtMs).toBeLessThan(25_000);
  const status = await waitForStatus(
    mainPanel,
    'the old main to say so',
    ({ divergence, events }) => divergence !== null && events.some(({ type }) => type === 'main_fenced'),
    90_000,
  );
  // SAFETY §6: contained, with both sides' numbers.
  expect(status.divergence).toMatchObject({ own_term: 1, main_term: 2 });
  expect(status.divergence?.bytes_past_fork).toBeGreaterThan(0);
  expect(status.notices.map(({ code }) => code)).toContain('diverged');
  expect(status.events.map(({ type }) => type)).toContain('split_brain_detected');
  expect(await subscribersOf(main)).toEqual(['before-the-cut', 'on-the-old-main']);
  expect(await subscribersOf(secondary)).toEqual(['before-the-cut', 'on-the-new-main']);
  const late = await mainPanel.post('/api/subscribers', { username: 'too-late' });
  expect(late.status).toBe(503);
  expect(late.headers['x-main-server']).toBe(secondary.url);
});
