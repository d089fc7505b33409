/** Main lives and nobody renews its lease: a cut cable, a frozen panel, an ended one. Two servers may never both say yes. */
import { setTimeout as delay } from 'node:timers/promises';
import { cutCable, endBffGroup } from '../faults.ts';
import type { HaCluster, HaNode } from '../ha-cluster.ts';
import { findCutOffRows, findLostRows, findOverlap, findWriteGap } from '../judge.ts';
import type { ClusterOptions } from '../make-cluster.ts';
import { monotonicMs } from '../monotonic.ts';
import { inFreshClusters, none, observeEvent, pairOf, printed } from '../scenario.ts';
import type { Measure, Scenario, ScenarioRun } from '../scenario.ts';

function measuresOf(title: string, lost: Pick<Measure, 'goal' | 'isMet'>): Record<string, Measure> {
  return {
    both: { what: `${title}: seconds in which both acknowledged`, unit: 's', ...none },
    cutOff: { what: `${title}: rows that the old main still acknowledged`, unit: 'rows', ...printed },
    ended: {
      what: `${title}: the last of them after the event`,
      unit: 's',
      goal: 'within its lease (10 s)',
      isMet: ({ max }) => max <= 10,
    },
    gap: { what: `${title}: write gap on the other side`, unit: 's', ...printed },
    lost: { what: `${title}: acknowledged rows lost`, unit: 'rows', ...lost },
  };
}

interface CutOffEvent {
  strike: (cluster: HaCluster, main: HaNode) => Promise<number>;
  /** Ends what was done to it, while everybody still writes: it must not come back as a writer. */
  relent: (cluster: HaCluster, main: HaNode) => Promise<void>;
}

async function cutOffMain(cluster: HaCluster, run: ScenarioRun, { strike, relent }: CutOffEvent): Promise<void> {
  const [old, secondary] = await pairOf(cluster);
  const outside = cluster.startClients();
  const inside = cluster.startClients({ on: old });
  const { acks, eventMs, kept, main } = await observeEvent(cluster, {
    writers: [outside, inside],
    event: () => strike(cluster, old),
    aftermath: async (atMs) => {
      await outside.waitForAck(atMs, { server: secondary.server.name });
      await outside.waitForAcks(500);
      await relent(cluster, old);
      // Three seconds of the clients: what comes back would try to write in them.
      await outside.waitForAcks(500);
    },
  });
  const overlap = findOverlap(acks, eventMs);
  const late = findCutOffRows(acks, { server: old.server.name, eventMs, kept });
  const lost = findLostRows(acks, kept).length;
  run.say(
    `main is ${main.server.name}; ${late.rows} rows of ${old.server.name} until ${Math.round(late.endedAfterMs)} ms ` +
      `after the event, ${lost} acknowledged rows lost, both at once: ${overlap.rows} rows`,
  );
  run.record('both', overlap.seconds);
  run.record('cutOff', late.rows);
  run.record('ended', late.endedAfterMs / 1_000);
  run.record('gap', findWriteGap(outside.acks, eventMs).gapMs / 1_000);
  run.record('lost', lost);
}

function cutOff(name: string, title: string, options: ClusterOptions, event: CutOffEvent): Scenario {
  return {
    name,
    measures: measuresOf(title, options.durability === 'sync' ? none : printed),
    run: (run) => inFreshClusters(run, options, (cluster) => cutOffMain(cluster, run, event)),
  };
}

const cable: CutOffEvent = {
  strike: cutCable,
  relent: (cluster, { server }) => cluster.testbed.healHost(server),
};

export const linkCut = cutOff('link-cut', "main's link cut", {}, cable);
export const linkCutSync = cutOff('link-cut-sync', "main's link cut, sync", { durability: 'sync' }, cable);

export const panelFrozen = cutOff(
  'panel-frozen',
  "main's BFF frozen",
  {},
  {
    strike: async (_, { server }) => {
      const atMs = monotonicMs();
      await server.bff.pause();
      return atMs;
    },
    relent: async (_, { server }) => server.bff.resume(),
  },
);

export const panelEnded = cutOff(
  'panel-ended',
  "main's BFF ended",
  {},
  {
    strike: async (_, node) => {
      const atMs = monotonicMs();
      await endBffGroup(node);
      return atMs;
    },
    // Nobody starts it again: the guard alone keeps the database shut, and goes on doing so.
    relent: () => delay(3_000),
  },
);
