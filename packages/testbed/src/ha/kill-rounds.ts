/**
 * Changes of main during which a random process of a random server is killed at a random moment. What stopped is started
 * again, as a supervisor would; then there must be one writable main, every node streaming, one history, and with `sync`
 * no acknowledged row may be missing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { askForSwitchover } from './change-main.ts';
import { bootHost, killHost, startServices } from './faults.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { countTurns, findLostRows } from './judge.ts';
import { monotonicMs } from './monotonic.ts';
import type { Random } from './random.ts';
import { repairAsAdmin } from './repair.ts';

const CHANGES = ['switchover', 'failover'] as const;
const PROCESSES = ['postgres', 'redis', 'bff'] as const;

export interface KillRound {
  /** What was done, for the one who reads the failure. */
  story: string;
  lost: string[];
  /** Turns of the servers' acknowledgements beyond the recorded changes of main: two were main at once. */
  excessTurns: number;
  changes: number;
  rejoined: number;
  /** From the last thing that was done until nothing was wrong any more. */
  settledMs: number;
  /** Servers whose record of promotions is not main's. */
  otherHistories: string[];
}

/** What is wrong with a round, one sentence each; `sync`: no acknowledged row may be missing. */
export function faultsOf(round: KillRound, sync: boolean): string[] {
  return [
    ...(sync && round.lost.length > 0 ? [`${round.lost.length} acknowledged rows are missing`] : []),
    ...(round.excessTurns > 0 ? [`two servers acknowledged in turns (${round.excessTurns} too many)`] : []),
    ...round.otherHistories.map((name) => `${name} has another history of promotions`),
  ];
}

/** One round; leaves the cluster as well as it found it. Errors as `repairAsAdmin`, with what was done. */
export async function runKillRound(cluster: HaCluster, random: Random): Promise<KillRound> {
  const { main } = await repairAsAdmin(cluster);
  const before = await cluster.countPromotions(main);
  const change = random.pick(CHANGES);
  const victim = { node: random.pick(cluster.nodes), process: random.pick(PROCESSES), afterMs: random.below(2_500) };
  const downMs = 200 + random.below(1_800);
  const said = [`${change} of ${main.server.name}`, `${victim.process} of ${victim.node.server.name} killed`];
  const story = `${said.join(', ')} after ${Math.round(victim.afterMs)} ms, started after ${Math.round(downMs)} ms`;
  const clients = cluster.startClients();
  try {
    await clients.waitForAcks(150);
    await Promise.all([
      change === 'switchover' ? beginSwitchover(cluster, main, random) : loseHost(cluster, main, random),
      killLater(victim, { downMs, isDead: change === 'failover' && victim.node === main }),
    ]);
    const doneMs = monotonicMs();
    const repair = await repairAsAdmin(cluster);
    const settledMs = monotonicMs() - doneMs;
    await clients.waitForAcks(150);
    await clients.stop();
    const changes = (await cluster.countPromotions(repair.main)) - before;
    const kept = await cluster.idsOn(repair.main);
    return {
      ...{ story, changes, settledMs, rejoined: repair.rejoined },
      lost: findLostRows(clients.acks, kept).map(({ id }) => id),
      excessTurns: Math.max(0, countTurns(clients.acks) - changes),
      otherHistories: await findOtherHistories(cluster, repair.main),
    };
  } catch (error) {
    throw new Error(`${story}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await clients.stop();
  }
}

/** The panel that is asked may be the one that dies: whether it has begun is for the end to show. */
async function beginSwitchover(cluster: HaCluster, main: HaNode, random: Random): Promise<void> {
  const to = random.pick(cluster.others(main));
  try {
    await askForSwitchover(cluster, to, random.pick([main, to]));
  } catch (error) {
    process.stderr.write(`not begun: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

/** Dark for up to twice a short lease, so that it sometimes comes back before anybody has taken over. */
async function loseHost(cluster: HaCluster, main: HaNode, random: Random): Promise<void> {
  const darkMs = 1_000 + random.below(10_000);
  await killHost(cluster, main);
  await delay(darkMs);
  await bootHost(cluster, main);
}

interface Victim {
  node: HaNode;
  process: (typeof PROCESSES)[number];
  afterMs: number;
}

async function killLater({ node, process, afterMs }: Victim, rest: { downMs: number; isDead: boolean }): Promise<void> {
  // A host that is dark anyway has nothing left to kill, and is started by the one who made it so.
  if (rest.isDead) return;
  await delay(afterMs);
  await node.server[process].kill();
  await delay(rest.downMs);
  await startServices(node);
}

async function findOtherHistories(cluster: HaCluster, main: HaNode): Promise<string[]> {
  const read = async ({ server }: HaNode): Promise<string> => {
    const rows = await server.postgres.query('SELECT * FROM cluster_promotions ORDER BY term, promotion_id');
    return JSON.stringify(rows);
  };
  const own = await read(main);
  const others = await Promise.all(
    cluster.others(main).map(async (node) => ((await read(node)) === own ? [] : [node.server.name])),
  );
  return others.flat();
}
