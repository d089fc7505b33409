/** Main is well, and something around it is not: writes go on, and nobody takes over. */
import { setTimeout as delay } from 'node:timers/promises';
import { killHost } from '../faults.ts';
import type { HaCluster } from '../ha-cluster.ts';
import { countSilentSeconds, findLostRows, findOverlap, findWriteGap } from '../judge.ts';
import { monotonicMs } from '../monotonic.ts';
import { inFreshClusters, inOneCluster, none, observeEvent, pairOf, printed } from '../scenario.ts';
import type { Scenario, ScenarioRun } from '../scenario.ts';
import { waitUntilSteady } from '../wait-until-steady.ts';

const AWAY_MS = 60_000;
const FLAP_MS = 3_000;
const FLAPPING_MS = 120_000;

async function killArbiter(cluster: HaCluster, run: ScenarioRun): Promise<void> {
  const main = await waitUntilSteady(cluster);
  const before = await cluster.countPromotions(main);
  const clients = cluster.startClients();
  const {
    acks,
    eventMs,
    main: inTheEnd,
  } = await observeEvent(cluster, {
    writers: [clients],
    event: async () => {
      const atMs = monotonicMs();
      await cluster.arbiter?.kill();
      return atMs;
    },
    aftermath: async () => {
      await delay(AWAY_MS, undefined, { signal: run.signal });
      await cluster.arbiter?.start();
      await delay(10_000, undefined, { signal: run.signal });
    },
  });
  const silent = countSilentSeconds(acks, eventMs, acks.at(-1)?.heardMs ?? eventMs);
  run.say(`main is ${inTheEnd.server.name}; longest gap ${Math.round(findWriteGap(acks, eventMs).gapMs)} ms`);
  run.record('silent', silent);
  run.record('changes', (await cluster.countPromotions(inTheEnd)) - before + (inTheEnd === main ? 0 : 1));
}

export const arbiterKilled: Scenario = {
  name: 'arbiter-killed',
  measures: {
    silent: { what: 'arbiter killed for 60 s: seconds without writes', unit: 's', ...none },
    changes: { what: 'arbiter killed for 60 s: changes of main', unit: 'times', ...none },
  },
  run: (run) => inOneCluster(run, {}, (cluster) => killArbiter(cluster, run)),
};

async function killSecondary(cluster: HaCluster, run: ScenarioRun): Promise<void> {
  const [main, secondary] = await pairOf(cluster);
  // One answer may take as long as the stall does: a client that gives up sooner would not see its end.
  const clients = cluster.startClients({ targets: [main], statementTimeoutMs: 20_000 });
  const { acks, eventMs, kept } = await observeEvent(cluster, {
    writers: [clients],
    event: () => killHost(cluster, secondary),
    aftermath: async (atMs) => {
      await clients.waitForAck(atMs + 500);
      await clients.waitForAcks(500);
    },
  });
  const { gapMs } = findWriteGap(acks, eventMs);
  run.say(`writes stalled for ${Math.round(gapMs)} ms`);
  run.record('gap', gapMs / 1_000);
  run.record('lost', findLostRows(acks, kept).length);
}

export const secondaryKilledSync: Scenario = {
  name: 'secondary-killed-sync',
  measures: {
    gap: {
      what: 'secondary killed, sync: writes stall',
      unit: 's',
      goal: 'each under 5 s',
      isMet: ({ max }) => max < 5,
    },
    lost: { what: 'secondary killed, sync: acknowledged rows lost', unit: 'rows', ...none },
  },
  run: (run) => inFreshClusters(run, { durability: 'sync' }, (cluster) => killSecondary(cluster, run)),
};

async function flapLink(cluster: HaCluster, run: ScenarioRun): Promise<void> {
  const [main, secondary] = await pairOf(cluster);
  const before = await cluster.countPromotions(main);
  const clients = cluster.startClients();
  const {
    acks,
    eventMs,
    kept,
    main: inTheEnd,
  } = await observeEvent(cluster, {
    writers: [clients],
    event: async () => monotonicMs(),
    aftermath: async (atMs) => {
      while (monotonicMs() < atMs + FLAPPING_MS) {
        await cluster.testbed.cutLink(main.server, secondary.server);
        await delay(FLAP_MS, undefined, { signal: run.signal });
        await cluster.testbed.healLink(main.server, secondary.server);
        await delay(FLAP_MS, undefined, { signal: run.signal });
      }
    },
  });
  const changes = (await cluster.countPromotions(inTheEnd)) - before;
  run.say(`main is ${inTheEnd.server.name}; ${findLostRows(acks, kept).length} acknowledged rows lost`);
  run.record('changes', changes);
  run.record('both', findOverlap(acks, eventMs).rows);
  run.record('gap', findWriteGap(acks, eventMs).gapMs / 1_000);
}

function flapping(name: string, title: string, arbiter: boolean): Scenario {
  return {
    name,
    measures: {
      changes: { what: `${title}: failovers`, unit: 'times', goal: 'never two', isMet: ({ max }) => max <= 1 },
      both: { what: `${title}: rows of both at once`, unit: 'rows', ...none },
      gap: { what: `${title}: write gap`, unit: 's', ...printed },
    },
    run: (run) => inFreshClusters(run, { arbiter }, (cluster) => flapLink(cluster, run)),
  };
}

export const linkFlaps = flapping('link-flaps', 'link flaps for 2 min', true);
export const linkFlapsAlone = flapping('link-flaps-alone', 'no arbiter, link flaps for 2 min', false);
