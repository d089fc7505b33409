/** The figures that heartbeats carry are those of the machine: CPU burnt, a disk filled, rows counted (issue: "CPU and disk"). */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeMetricsReplySchema } from '@proxpanel/contracts/membership';
import { runChecked } from '@proxpanel/testbed/command';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { addSubscriber, readStatus, waitForStatus } from './support/panel-status.ts';
import { withSmallDisk } from './support/small-disk.ts';

interface Figures {
  cpu_percent: number;
  memory_percent: number;
  disk_percent: number;
  subscriber_count: number;
  last_heartbeat_at: Date;
}

let testbed: Testbed;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let secondaryPanel: PanelClient;
let ids: { main: number; secondary: number };

beforeAll(async () => {
  testbed = await createTestbed();
  [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  const joined = await joinServers(main, secondary);
  ids = { main: joined.main.nodeId, secondary: joined.secondary.nodeId };
  [mainPanel, secondaryPanel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
}, 180_000);

afterAll(() => testbed.dispose());

/** What the heartbeats left in main's own database. */
async function rowOf(nodeId: number): Promise<Figures> {
  const [row] = await main.postgres.query<Figures>(
    `SELECT cpu_percent::float8 AS cpu_percent, memory_percent::float8 AS memory_percent,
            disk_percent::float8 AS disk_percent, subscriber_count::int AS subscriber_count, last_heartbeat_at
       FROM cluster_nodes WHERE id = $1`,
    [nodeId],
  );
  if (row === undefined) throw new Error(`there is no node ${String(nodeId)}`);
  return row;
}

async function pointsOf(nodeId: number) {
  const reply = await mainPanel.expectOk(mainPanel.get(`/api/cluster/nodes/${String(nodeId)}/metrics`));
  return nodeMetricsReplySchema.parse(reply).points;
}

/** Percent of a file system by df, which rounds up to whole numbers. */
async function diskPercentByDf(path: string): Promise<number> {
  const { stdout } = await runChecked(['df', '--output=pcent', path]);
  return Number(stdout.trim().split('\n').at(-1)?.trim().replace('%', ''));
}

/** Percent of memory that is not available, from the kernel's own lines. */
function memoryPercentByKernel(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}: +([0-9]+)`, 'm').exec(text)?.[1]);
  return 100 - (100 * read('MemAvailable')) / read('MemTotal');
}

/** Jiffies that all cores together have idled since the machine started. */
function idleSeconds(): number {
  const fields = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
  return ((fields[3] ?? Number.NaN) + (fields[4] ?? Number.NaN)) / 100;
}

/** What the machine really does: percent busy over a second and a half. */
async function cpuPercentByKernel(): Promise<number> {
  const before = { idle: idleSeconds(), at: performance.now() };
  const { elapsed, idle } = await waitFor(
    () => ({ elapsed: (performance.now() - before.at) / 1_000, idle: idleSeconds() - before.idle }),
    { describe: 'a second and a half', until: (seen) => seen.elapsed >= 1.5 },
  );
  return 100 * (1 - idle / (elapsed * availableParallelism()));
}

function burnCpu(): ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}

test('the CPU figure is the machine’s own, and rises to all of it while programs burn it', async () => {
  // Other programs of this machine come and go, so the two are read until they were read of the same moment.
  const idle = await waitFor(
    async () => {
      const real = await cpuPercentByKernel();
      const shown = (await readStatus(mainPanel)).resources.cpu_percent ?? Number.NaN;
      return { real, shown };
    },
    { describe: 'the figure of the kernel', until: ({ real, shown }) => Math.abs(real - shown) < 8 },
  );
  const burners = burnCpu();
  try {
    const busy = await waitForStatus(
      mainPanel,
      'the CPU figure to reach all of it',
      ({ resources }) => (resources.cpu_percent ?? 0) >= 95,
    );
    expect(busy.resources.cpu_percent).toBeGreaterThanOrEqual(Math.min(95, idle.shown));
    // The secondary measures its own, and main learns it by heartbeat.
    await waitFor(() => rowOf(ids.secondary), {
      describe: 'the heartbeat to carry it',
      until: ({ cpu_percent: percent }) => percent >= 95,
    });
  } finally {
    for (const burner of burners) burner.kill('SIGKILL');
  }
});

test('the memory figure is what the kernel calls unavailable', async () => {
  await waitFor(
    async () => {
      const { memory_percent: shown } = (await readStatus(secondaryPanel)).resources;
      return { shown: shown ?? Number.NaN, real: memoryPercentByKernel() };
    },
    { describe: 'the figure of the kernel', until: ({ shown, real }) => Math.abs(shown - real) < 5 },
  );
  const { memory_percent: told } = await rowOf(ids.secondary);
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(100);
});

test('the disk figure is that of the file system of PostgreSQL’s data, and rises as that fills', async () => {
  await withSmallDisk(secondary, { freeBytes: 60_000_000 }, async () => {
    const directory = secondary.postgres.dataDirectory;
    const read = async () => ({
      own: (await readStatus(secondaryPanel)).resources.disk_percent ?? Number.NaN,
      told: (await rowOf(ids.secondary)).disk_percent,
      df: await diskPercentByDf(directory),
    });
    const agree = ({ own, told, df }: Awaited<ReturnType<typeof read>>) =>
      Math.abs(own - df) <= 1.5 && Math.abs(told - df) <= 1.5;
    const before = await waitFor(read, { describe: 'the figure of df', deadlineMs: 60_000, until: agree });
    expect(before.df).toBeLessThan(80);
    await writeFile(join(directory, 'more-ballast'), Buffer.alloc(40_000_000));
    const after = await waitFor(read, {
      describe: 'the figure to rise with the disk',
      until: (seen) => agree(seen) && seen.df >= 85,
    });
    expect(after.own - before.own).toBeGreaterThan(15);
  });
});

test('the number of subscribers reaches main’s rows of both nodes', async () => {
  for (const name of ['one', 'two', 'three']) await addSubscriber(mainPanel, name);
  for (const id of [ids.main, ids.secondary]) {
    await waitFor(() => rowOf(id), {
      describe: `3 subscribers in the row of node ${String(id)}`,
      deadlineMs: 60_000,
      until: ({ subscriber_count: count }) => count === 3,
    });
  }
});

test('each node’s history fills with heartbeats, and neither the page nor a heartbeat needs Redis', async () => {
  for (const id of [ids.main, ids.secondary]) {
    const before = (await pointsOf(id)).at(-1)?.at ?? '';
    const points = await waitFor(() => pointsOf(id), {
      describe: 'new points',
      until: (seen) => seen.length >= 3 && (seen.at(-1)?.at ?? '') > before,
    });
    const times = points.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    for (const point of points.slice(-2)) expect(point.memory_percent).toBeGreaterThan(0);
  }
  await main.redis.stop();
  try {
    await waitForStatus(mainPanel, 'the page to see that Redis is down', ({ redis }) => redis.state === 'down');
    const reply = await mainPanel.get(`/api/cluster/nodes/${String(ids.secondary)}/metrics`);
    expect(reply.status, JSON.stringify(reply.body)).toBe(200);
    // The history is a comfort; the heartbeat itself must not wait for it.
    const seenAt = (await rowOf(ids.secondary)).last_heartbeat_at;
    await waitFor(() => rowOf(ids.secondary), {
      describe: 'heartbeats to be written without Redis',
      until: ({ last_heartbeat_at: at }) => at.getTime() > seenAt.getTime() + 2_000,
    });
    expect((await readStatus(mainPanel)).notices.map(({ code }) => code)).toContain('redis_down');
  } finally {
    await main.redis.start();
  }
  await waitFor(() => pointsOf(ids.secondary), {
    describe: 'the history to fill again',
    until: (points) => points.length > 0 && Date.now() - Date.parse(points.at(-1)?.at ?? '') < 5_000,
  });
});
