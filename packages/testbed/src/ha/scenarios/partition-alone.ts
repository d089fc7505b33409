/** Two servers and a cut cable, without an arbiter: both write until it is healed (SAFETY §6), then one is shut. */
import { waitFor } from '../../wait-for.ts';
import { cutCable } from '../faults.ts';
import type { HaCluster } from '../ha-cluster.ts';
import { findLostRows } from '../judge.ts';
import { monotonicMs } from '../monotonic.ts';
import { inFreshClusters, none, pairOf, printed } from '../scenario.ts';
import type { Scenario, ScenarioRun } from '../scenario.ts';

async function splitAndHeal(cluster: HaCluster, run: ScenarioRun): Promise<void> {
  const [old, secondary] = await pairOf(cluster);
  const outside = cluster.startClients();
  const inside = cluster.startClients({ on: old });
  const ended = async () => Promise.all([outside.stop(), inside.stop()]);
  try {
    await Promise.all([outside.waitForAcks(150), inside.waitForAcks(150)]);
    const cutMs = await cutCable(cluster, old);
    const first = await outside.waitForAck(cutMs, { server: secondary.server.name, deadlineMs: 240_000 });
    await Promise.all([outside.waitForAcks(150), inside.waitForAcks(150)]);
    const healedMs = monotonicMs();
    await cluster.testbed.healHost(old.server);
    await waitFor(() => old.server.postgres.isInRecovery(), { describe: 'one side to be shut', deadlineMs: 120_000 });
    const containedMs = monotonicMs();
    await ended();
    const lateRows = inside.acks.filter(({ server, heardMs }) => server === old.server.name && heardMs > containedMs);
    const { divergence, notices } = await cluster.status(old);
    run.say(
      `${secondary.server.name} wrote after ${Math.round(first.heardMs - cutMs)} ms; shut ${Math.round(containedMs - healedMs)} ms ` +
        `after healing; ${divergence?.reason ?? notices.map(({ code }) => code).join()}`,
    );
    run.record('promoted', (first.heardMs - cutMs) / 1_000);
    run.record('contained', (containedMs - healedMs) / 1_000);
    run.record('after', lateRows.length);
    // Each side keeps what it said yes to, until a person has chosen.
    const [mine, theirs] = [old, secondary].map(({ server }) =>
      [...outside.acks, ...inside.acks].filter((ack) => ack.server === server.name),
    );
    const kept = { old: await cluster.idsOn(old), other: await cluster.idsOn(secondary) };
    run.record('lost', findLostRows(mine ?? [], kept.old).length + findLostRows(theirs ?? [], kept.other).length);
  } finally {
    await ended();
  }
}

export const partitionAlone: Scenario = {
  name: 'partition-alone',
  measures: {
    promoted: {
      what: 'no arbiter, partition: the other side writes',
      unit: 's',
      ...printed,
    },
    contained: {
      what: 'no arbiter, partition: one side shut after healing',
      unit: 's',
      goal: 'each within one probe (30 s) + 5 s',
      isMet: ({ max }) => max <= 35,
    },
    after: { what: 'no arbiter, partition: rows of the shut side', unit: 'rows', ...none },
    lost: { what: 'no arbiter, partition: rows that neither side kept', unit: 'rows', ...none },
  },
  run: (run) => inFreshClusters(run, { arbiter: false }, (cluster) => splitAndHeal(cluster, run)),
};
