/**
 * GET /api/cluster/status on a joined main and on its secondary: requests per second, the slowest hundredth, and how
 * soon a change in the database shows while 32 connections ask without a pause. Floor: GET /health of the same process.
 */
import { randomUUID } from 'node:crypto';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { TestServer } from '@proxpanel/testbed/server';
import { withTestbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { runLoad, type LoadResult } from './load-generator.ts';
import { medianOf, report, say } from '@proxpanel/testbed/bench-report';
import { residentMegabytes } from './resident.ts';

const rounds = 3;
const secondsPerRun = 3;
const connectionCounts = [1, 32] as const;
const changes = 5;
const paths = ['/api/cluster/status', '/health'] as const;

await withTestbed({}, async (testbed) => {
  const [main, secondary] = await Promise.all([testbed.addServer('main'), testbed.addServer('secondary')]);
  await joinServers(main, secondary);
  for (const server of [main, secondary]) await measureServer(server, main);
});

async function measureServer(server: TestServer, main: TestServer): Promise<void> {
  const { token } = await server.panel().signIn();
  if (token === undefined) throw new Error('there is no session');
  for (const connections of connectionCounts) await measureLoad(server, token, connections);
  await measureFreshness(server, main, token);
  const { pid } = server.bff;
  if (pid === undefined) throw new Error(`the BFF of ${server.name} is gone`);
  report({
    what: `${server.name}: RSS after the load`,
    unit: 'MB',
    samples: [residentMegabytes(pid)],
    goal: 'under 120 MB',
    isMet: ({ max }) => max < 120,
  });
}

async function measureLoad(server: TestServer, token: string, connections: number): Promise<void> {
  const runs: Record<(typeof paths)[number], LoadResult[]> = { '/api/cluster/status': [], '/health': [] };
  // Once before it counts: the first requests of a process pay for its compiling.
  await runLoad({ url: server.url + paths[0], token, connections, seconds: 1 });
  for (let round = 0; round < rounds; round += 1) {
    for (const path of round % 2 === 0 ? paths : paths.toReversed()) {
      const result = await runLoad({ url: server.url + path, token, connections, seconds: secondsPerRun });
      say(
        `${server.name} ${path} ${String(connections)}: ${result.requestsPerSecond.toFixed(0)}/s p99 ${String(result.p99Ms)} ms`,
      );
      runs[path].push(result);
    }
  }
  const [status, health] = paths.map((path) => runs[path]) as [LoadResult[], LoadResult[]];
  const where = `${server.name}: status, ${String(connections)} connection${connections === 1 ? '' : 's'}`;
  report({
    what: where,
    unit: 'requests/s',
    samples: status.map(({ requestsPerSecond }) => requestsPerSecond),
    floor: { what: 'GET /health', samples: health.map(({ requestsPerSecond }) => requestsPerSecond) },
    goal: 'over 2 000/s',
    isMet: ({ median }) => median > 2_000,
  });
  report({
    what: `${where}, p99`,
    unit: 'ms',
    samples: status.map(({ p99Ms }) => p99Ms),
    floor: { what: 'GET /health', samples: health.map(({ p99Ms }) => Math.max(p99Ms, 1)) },
    goal: 'under 25 ms',
    isMet: ({ median }) => median < 25,
  });
}

/** From a row's commit on main to the first status of this server that holds it, while the load runs. */
async function measureFreshness(server: TestServer, main: TestServer, token: string): Promise<void> {
  const samples: number[] = [];
  const load = runLoad({ url: server.url + paths[0], token, connections: 32, seconds: 10 });
  for (let change = 0; change < changes; change += 1) {
    const marker = randomUUID();
    await main.postgres.query(
      `INSERT INTO cluster_events (id, at, type, actor, severity, message, details)
       VALUES (gen_random_uuid(), now(), 'settings_changed', 'benchmark', 'info', $1, '{}')`,
      [marker],
    );
    // The connection of the insertion is closed by now, which only makes the figure larger.
    const committed = performance.now();
    await waitFor(() => statusText(server, token), {
      describe: `the status of ${server.name} to show a change`,
      until: (text) => text.includes(marker),
      intervalMs: 5,
    });
    samples.push(performance.now() - committed);
  }
  await load;
  say(`${server.name}: a change showed after ${medianOf(samples).toFixed(0)} ms`);
  report({
    what: `${server.name}: a change shows under load`,
    unit: 'ms',
    samples,
    goal: 'under 1 000 ms, each',
    isMet: ({ max }) => max < 1_000,
  });
}

async function statusText(server: TestServer, token: string): Promise<string> {
  const reply = await fetch(server.url + paths[0], {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5_000),
  });
  return reply.text();
}
