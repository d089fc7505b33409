/** Lag is true or unknown, never 0 by default (issue: "Lag"). Two real servers, one streaming from the other. */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';

const pageBytes = 8_192;
let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let secondaryPanel: PanelClient;

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  [mainPanel, secondaryPanel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
  await main.postgres.query('CREATE TABLE ballast (filler text)');
}, 180_000);

afterAll(() => testbed.dispose());

async function status(panel: PanelClient): Promise<ClusterStatus> {
  return panel.expectOk(panel.get<ClusterStatus>('/api/cluster/status'));
}

async function secondaryNode(panel: PanelClient): Promise<StatusNode> {
  const node = (await status(panel)).nodes.find((candidate) => !candidate.is_main);
  if (node === undefined) throw new Error('the status has no secondary');
  return node;
}

/** Bytes that main's PostgreSQL itself counts between its end of WAL and what the secondary has replayed. */
async function trueLagBytes(): Promise<number> {
  const [row] = await main.postgres.query<{ bytes: string }>(
    'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) AS bytes FROM pg_stat_replication',
  );
  return Number(row?.bytes);
}

async function waitUntilCaughtUp(): Promise<void> {
  for (const panel of [mainPanel, secondaryPanel]) {
    await waitFor(() => secondaryNode(panel), {
      describe: 'a lag of 0 bytes and 0 s',
      until: (node) => node.replication_lag_bytes === 0 && node.replication_lag_seconds === 0,
      deadlineMs: 60_000,
    });
  }
}

test('an idle, caught-up secondary shows 0 s on both servers, however old the last transaction is', async () => {
  // The panel's own heartbeats write to main; with them stopped the last replayed transaction grows old.
  await waitUntilCaughtUp();
  await main.bff.pause();
  try {
    await waitFor(
      () =>
        secondary.postgres.query<{ old: boolean }>(
          "SELECT now() - pg_last_xact_replay_timestamp() > interval '4 s' AS old",
        ),
      { describe: 'a last transaction 4 s old', until: (rows) => rows[0]?.old === true },
    );
    const node = await secondaryNode(secondaryPanel);
    expect(node.replication_lag_seconds).toBe(0);
    expect(node.replication_lag_bytes).toBe(0);
  } finally {
    main.bff.resume();
  }
  await waitUntilCaughtUp();
});

test('with replay paused and 50 MB written, the bytes equal pg_wal_lsn_diff within a page, and the seconds grow', async () => {
  await waitUntilCaughtUp();
  await secondary.postgres.query('SELECT pg_wal_replay_pause()');
  try {
    await main.postgres.query(
      'INSERT INTO ballast SELECT repeat(md5(i::text), 32) FROM generate_series(1, 50000) AS i',
    );
    // The walsender's own replay_lsn arrives with the standby's replies; wait until it has the whole of the writing.
    await waitFor(trueLagBytes, { describe: '50 MB of lag', until: (bytes) => bytes > 50_000_000 });
    // Heartbeats write to main all the time, so the two are read until they were read at the same moment.
    await waitFor(
      async () => {
        const before = await trueLagBytes();
        const shown = (await secondaryNode(mainPanel)).replication_lag_bytes;
        return { before, shown, difference: shown === null ? Infinity : Math.abs(shown - before) };
      },
      {
        describe: 'the tab to show the true bytes',
        until: ({ difference }) => difference <= pageBytes,
        intervalMs: 200,
      },
    );
    const first = (await secondaryNode(mainPanel)).replication_lag_seconds;
    await waitFor(() => secondaryNode(mainPanel), {
      describe: 'the seconds to grow',
      until: (node) => (node.replication_lag_seconds ?? 0) > (first ?? Infinity) + 2,
    });
    const own = await waitFor(() => secondaryNode(secondaryPanel), {
      describe: 'the secondary to see its own lag',
      until: (node) => (node.replication_lag_bytes ?? 0) > 50_000_000,
    });
    expect(own.replication_lag_seconds).toBeGreaterThan(0);
  } finally {
    await secondary.postgres.query('SELECT pg_wal_replay_resume()');
  }
  await waitUntilCaughtUp();
});

test('a secondary whose receiver is down shows unknown on both servers, never 0', async () => {
  await waitUntilCaughtUp();
  // The source is asserted by the panel each tick, so its panel is held still while its receiver is kept down.
  await secondary.bff.pause();
  await secondary.postgres.query("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
  await secondary.postgres.query('SELECT pg_reload_conf()');
  await waitFor(() => secondaryNode(mainPanel), {
    describe: 'main to say unknown',
    until: (node) => node.replication_lag_bytes === null && node.replication_lag_seconds === null,
  });
  secondary.bff.resume();
  // The panel puts the source right again by itself, and the lag is known again.
  await waitUntilCaughtUp();
});

test('when main’s PostgreSQL stops, the secondary says unknown', async () => {
  await waitUntilCaughtUp();
  await main.postgres.stop('fast');
  try {
    const node = await waitFor(() => secondaryNode(secondaryPanel), {
      describe: 'the secondary to say unknown',
      until: (candidate) => candidate.replication_lag_bytes === null,
    });
    expect(node.replication_lag_seconds).toBeNull();
    const shown = await status(mainPanel);
    expect(shown.database.state).toBe('down');
    expect(shown.nodes.find((candidate) => !candidate.is_main)?.replication_lag_bytes).toBeNull();
  } finally {
    await main.postgres.start();
  }
  await waitUntilCaughtUp();
});
