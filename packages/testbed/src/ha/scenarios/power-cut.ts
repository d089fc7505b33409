/** Main loses its power, with all that was not yet synced, and comes back while the secondary is main. */
import { waitFor } from '../../wait-for.ts';
import { bootHost, cutPower } from '../faults.ts';
import { mergeAcks } from '../ha-cluster.ts';
import type { HaCluster, HaNode } from '../ha-cluster.ts';
import { findCutOffRows, findLostRows } from '../judge.ts';
import { monotonicMs } from '../monotonic.ts';
import { inFreshClusters, none, pairOf, printed } from '../scenario.ts';
import type { Figures, Scenario, ScenarioRun } from '../scenario.ts';
import { streamingNodes } from '../wait-until-steady.ts';
import type { Writers } from '../writers.ts';

async function cutAndReturn(cluster: HaCluster, run: ScenarioRun, busy: boolean): Promise<void> {
  const [old, secondary] = await pairOf(cluster);
  const before = cluster.startClients();
  await before.waitForAcks(150);
  if (!busy) await stopAndSettle(old, before);
  const cutMs = await cutPower(cluster, old);
  // Until the cable was out it still acknowledged; from here on whatever it says it says as one that has returned.
  const offMs = monotonicMs();
  const clients = busy ? before : cluster.startClients();
  // Nobody but this one goes on asking the old main, and it asks nobody else.
  const temptation = cluster.startClients({ targets: [old], clients: 1 });
  let isBack: boolean;
  try {
    await clients.waitForAck(cutMs, { server: secondary.server.name });
    await bootHost(cluster, old);
    isBack = await waitForReturn(cluster, old.nodeId);
    await clients.waitForAcks(500);
  } finally {
    await Promise.all([clients.stop(), temptation.stop()]);
  }
  const acks = mergeAcks(...new Set([before, clients, temptation]));
  const kept = await cluster.idsOn(await cluster.main());
  const late = findCutOffRows(acks, { server: old.server.name, eventMs: offMs, kept });
  const { divergence } = await cluster.status(old);
  const how = isBack ? 'streams by itself' : `waits for an admin: ${divergence?.reason ?? 'no reason given'}`;
  run.say(`${old.server.name} ${how}; ${findLostRows(acks, kept).length} acknowledged rows lost`);
  run.record('wrote', late.rows);
  run.record('back', isBack ? 1 : 0);
  run.record('told', isBack || divergence ? 1 : 0);
}

/** Nothing is on its way any more: what main has on its disk, the secondary has. */
async function stopAndSettle({ server }: HaNode, clients: Writers): Promise<void> {
  await clients.stop();
  await waitFor(
    () =>
      server.postgres.query<{ settled: boolean }>(
        'SELECT flush_lsn >= pg_current_wal_lsn() AS settled FROM pg_stat_replication',
      ),
    { describe: 'the secondary to have all', until: ([row]) => row?.settled === true, intervalMs: 10 },
  );
}

async function waitForReturn(cluster: HaCluster, nodeId: number): Promise<boolean> {
  const main = await cluster.main();
  try {
    await waitFor(async () => (await streamingNodes(main)).has(nodeId), {
      describe: 'the old main to stream',
      deadlineMs: 60_000,
    });
    return true;
  } catch {
    // Whether that is a fault depends on its history: the caller asks it.
    return false;
  }
}

const always = { goal: 'in each round', isMet: ({ min }: Figures) => min === 1 };

function powerCut(name: string, title: string, busy: boolean): Scenario {
  return {
    name,
    measures: {
      wrote: { what: `${title}: rows that the returned main acknowledged`, unit: 'rows', ...none },
      back: { what: `${title}: it streams by itself`, unit: 'rounds', ...(busy ? printed : always) },
      told: { what: `${title}: it streams, or says why it must not`, unit: 'rounds', ...always },
    },
    run: (run) => inFreshClusters(run, { perishableDisks: true }, (cluster) => cutAndReturn(cluster, run, busy)),
  };
}

export const powerCutIdle = powerCut('power-cut', 'power cut, its history allows', false);
export const powerCutBusy = powerCut('power-cut-busy', 'power cut under writers', true);
