/** Main's host or its database dies: how soon somebody writes again. */
import { bootHost, killHost } from '../faults.ts';
import { findLostRows, findOverlap, findWriteGap } from '../judge.ts';
import type { ClusterOptions } from '../make-cluster.ts';
import { monotonicMs } from '../monotonic.ts';
import { inFreshClusters, none, observeEvent, pairOf, printed } from '../scenario.ts';
import type { Measure, Scenario, ScenarioRun } from '../scenario.ts';
import type { HaCluster } from '../ha-cluster.ts';

function measuresOf(title: string, gap: Pick<Measure, 'goal' | 'isMet'>): Record<string, Measure> {
  return {
    gap: { what: `${title}: writes again`, unit: 's', ...gap },
    lost: { what: `${title}: acknowledged rows lost`, unit: 'rows', ...printed },
    both: { what: `${title}: rows of both at once`, unit: 'rows', ...none },
  };
}

interface Loss {
  /** What befalls main; returns when. */
  strike: (cluster: HaCluster) => Promise<number>;
  /** Whether another server has to be main afterwards. */
  another: boolean;
  deadlineMs: number;
}

async function loseMain(cluster: HaCluster, run: ScenarioRun, { strike, another, deadlineMs }: Loss): Promise<void> {
  const [, secondary] = await pairOf(cluster);
  const clients = cluster.startClients();
  const { acks, eventMs, kept, main } = await observeEvent(cluster, {
    writers: [clients],
    event: () => strike(cluster),
    aftermath: async (atMs) => {
      // What had been sent before it died is still heard after it.
      await clients.waitForAck(atMs + 500, { deadlineMs, ...(another ? { server: secondary.server.name } : {}) });
      await clients.waitForAcks(150);
    },
  });
  const { gapMs, endedAfterMs } = findWriteGap(acks, eventMs);
  const lost = findLostRows(acks, kept).length;
  run.say(`writes again on ${main.server.name} after ${Math.round(endedAfterMs)} ms; ${lost} acknowledged rows lost`);
  run.record('gap', gapMs / 1_000);
  run.record('lost', lost);
  run.record('both', findOverlap(acks, eventMs).rows);
}

function hostKilled(
  name: string,
  title: string,
  options: ClusterOptions,
  gap: Pick<Measure, 'goal' | 'isMet'>,
): Scenario {
  return {
    name,
    measures: measuresOf(title, gap),
    run: (run) =>
      inFreshClusters(run, options, async (cluster) => {
        const [main] = await pairOf(cluster);
        const deadlineMs = options.arbiter === false ? 240_000 : 60_000;
        await loseMain(cluster, run, { strike: () => killHost(cluster, main), another: true, deadlineMs });
        // It comes back as it would: what the new main does then must not stop a writer.
        await bootHost(cluster, main);
      }),
  };
}

export const hostKilled10s = hostKilled(
  'host-killed',
  "main's host killed, lease 10 s",
  {},
  {
    goal: 'median within 11 s, each within 12 s',
    isMet: ({ median, max }) => median <= 11 && max <= 12,
  },
);

export const hostKilled3s = hostKilled(
  'host-killed-3s',
  "main's host killed, lease 3 s",
  { leaseTtlMs: 3_000 },
  {
    goal: 'each within 4.5 s',
    isMet: ({ max }) => max <= 4.5,
  },
);

/** 2 minutes, one probe of 30 s, and the promotion itself. */
export const hostKilledAlone = hostKilled(
  'host-killed-alone',
  "no arbiter, main's host killed",
  { arbiter: false },
  {
    goal: 'each within 2 min + one probe (30 s) + 5 s',
    isMet: ({ max }) => max <= 155,
  },
);

function databaseKilled(name: string, title: string, options: ClusterOptions, limitSeconds: number): Scenario {
  return {
    name,
    measures: measuresOf(title, {
      goal: `each within ${limitSeconds} s`,
      isMet: ({ max }) => max <= limitSeconds,
    }),
    run: (run) =>
      inFreshClusters(run, options, async (cluster) => {
        const [{ server }] = await pairOf(cluster);
        const strike = async () => {
          const atMs = monotonicMs();
          await server.postgres.kill();
          return atMs;
        };
        await loseMain(cluster, run, { strike, another: options.control !== true, deadlineMs: 60_000 });
      }),
  };
}

export const databaseKilled3s = databaseKilled('database-killed', "main's PostgreSQL killed", {}, 5);

export const databaseKilled1s = databaseKilled(
  'database-killed-1s',
  "main's PostgreSQL killed, DB_DOWN_AFTER_MS 1 000",
  { environment: { DB_DOWN_AFTER_MS: '1000' } },
  2.5,
);

export const databaseKilledControl = databaseKilled(
  'database-killed-control',
  "main's PostgreSQL killed, with control",
  { control: true },
  5,
);
