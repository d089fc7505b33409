/** Planned changes of main: nothing is lost, and the clients' write gap is the figure that counts. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Daemon } from '../../daemon.ts';
import { TestbedError } from '../../errors.ts';
import { waitFor } from '../../wait-for.ts';
import { askForSwitchover, describePhases, waitForCompletion } from '../change-main.ts';
import { WRITER_ROLE } from '../ha-cluster.ts';
import { measureBareChanges } from '../bare-change.ts';
import type { HaCluster, HaNode } from '../ha-cluster.ts';
import { findLostRows, findOverlap, findWriteGap } from '../judge.ts';
import { monotonicMs } from '../monotonic.ts';
import { inOneCluster, none, observeEvent, pairOf, printed } from '../scenario.ts';
import type { Figures, Measure, Scenario, ScenarioRun } from '../scenario.ts';
import { streamingNodes, waitUntilSteady } from '../wait-until-steady.ts';

function measuresOf(title: string, gap: Pick<Measure, 'goal' | 'isMet' | 'floor'>): Record<string, Measure> {
  return {
    gap: { what: `${title}: write gap`, unit: 's', ...gap },
    back: {
      what: `${title}: old main streams again`,
      unit: 's',
      goal: 'within 3 s',
      isMet: ({ max }) => max <= 3,
    },
    lost: { what: `${title}: acknowledged rows lost`, unit: 'rows', ...none },
    both: { what: `${title}: rows of both at once`, unit: 'rows', ...none },
  };
}

/** There or back, by the main's page or by the candidate's: each round another of the four. */
async function changeOnce(cluster: HaCluster, round: number, run: ScenarioRun): Promise<void> {
  await waitUntilSteady(cluster);
  const [from, to] = await pairOf(cluster);
  const via = round % 4 < 2 ? from : to;
  const clients = cluster.startClients({ clients: 1 });
  let backSeconds = Infinity;
  let phases = '';
  const observed = await observeEvent(cluster, {
    writers: [clients],
    event: async () => {
      const atMs = monotonicMs();
      const id = await askForSwitchover(cluster, to, via);
      // Asked only once the writers have moved: a poll would cost what is being measured.
      const first = await clients.waitForAck(atMs, { server: to.server.name });
      await waitForStreamingFrom(to, from);
      backSeconds = (monotonicMs() - first.heardMs) / 1_000;
      phases = describePhases(await waitForCompletion(via.panel, id));
      return atMs;
    },
    aftermath: async () => clients.waitForAcks(150),
  });
  const { gapMs } = findWriteGap(observed.acks, observed.eventMs);
  const overlap = findOverlap(observed.acks, observed.eventMs);
  const lost = findLostRows(observed.acks, observed.kept).length;
  run.say(
    `round ${round}, by the page of ${via.server.name}: gap ${Math.round(gapMs)} ms, streams again after ${Math.round(backSeconds * 1_000)} ms; ${phases}`,
  );
  run.record('gap', gapMs / 1_000);
  run.record('back', backSeconds);
  run.record('lost', lost);
  run.record('both', overlap.rows);
}

async function waitForStreamingFrom(main: HaNode, old: HaNode): Promise<void> {
  await waitFor(async () => (await streamingNodes(main)).has(old.nodeId), {
    describe: `${old.server.name} to stream from ${main.server.name}`,
    intervalMs: 50,
  });
}

const under = (seconds: number) => ({
  goal: `median under ${seconds} s`,
  isMet: ({ median }: Figures) => median < seconds,
});

export const switchoverByStop: Scenario = {
  name: 'switchover-stop',
  measures: measuresOf('switchover with control', {
    ...under(0.4),
    floor: { what: 'stop and pg_promote by hand', recordedAs: 'bare' },
  }),
  run: async (run) => {
    await inOneCluster(run, { control: true }, (cluster, round) => changeOnce(cluster, round, run));
    await inOneCluster({ ...run, rounds: 1 }, { control: true, arbiter: false }, (cluster) =>
      changeBarely(cluster, run),
    );
  },
};

/** Once there and once back by the panels: then each server can be followed by the other. */
async function changeBarely(cluster: HaCluster, run: ScenarioRun): Promise<void> {
  for (let change = 0; change < 2; change += 1) {
    await waitUntilSteady(cluster);
    const [main, secondary] = await pairOf(cluster);
    await waitForCompletion(main.panel, await askForSwitchover(cluster, secondary, main));
  }
  await waitUntilSteady(cluster);
  const gaps = await measureBareChanges(cluster, run.rounds, run.signal);
  run.say(`bare: ${gaps.map((seconds) => Math.round(seconds * 1_000)).join(', ')} ms`);
  for (const gap of gaps) run.record('bare', gap);
}

export const switchoverByDemotion: Scenario = {
  name: 'switchover-demote',
  measures: measuresOf('switchover without control', under(1.2)),
  run: (run) => inOneCluster(run, {}, (cluster, round) => changeOnce(cluster, round, run)),
};

export const switchoverUnderLoad: Scenario = {
  name: 'switchover-load',
  measures: {
    ...measuresOf('switchover under pgbench, 1 GB', printed),
    back: { what: 'switchover under pgbench, 1 GB: old main streams again', unit: 's', ...printed },
  },
  run: (run) =>
    inOneCluster(run, { control: true, databaseMb: 0 }, async (cluster, round) => {
      if (round === 1) await initialisePgbench(await cluster.main());
      await waitUntilSteady(cluster);
      const load = await startPgbench(await cluster.main());
      // Long enough for dirty buffers: a load that has just begun leaves nothing to write at the checkpoint.
      await delay(10_000, undefined, { signal: run.signal });
      await changeOnce(cluster, round, run);
      // Its connections were ended with the old main; what is left of it ends here.
      await load.end('SIGTERM');
    }),
};

const pgbench = ({ server }: HaNode, ...args: string[]): string[] => [
  join(server.postgres.binDirectory, 'pgbench'),
  ...[`--host=${server.address}`, `--username=${WRITER_ROLE}`, ...args, 'proxpanel'],
];

/** Scale 70 is one gigabyte with its indexes. */
async function initialisePgbench(main: HaNode): Promise<void> {
  const command = pgbench(main, '--initialize', '--scale=70', '--quiet');
  const { exitCode, stderr } = await main.server.run(command, { timeoutMs: 900_000 });
  if (exitCode !== 0) throw new TestbedError('COMMAND_FAILED', `pgbench ended with ${exitCode}: ${stderr}`);
}

function startPgbench(main: HaNode): Promise<Daemon> {
  const args = ['--client=8', '--jobs=2', '--time=600', '--no-vacuum'];
  return main.server.startProgram(pgbench(main, ...args), join(main.server.directory, 'pgbench.log'));
}
