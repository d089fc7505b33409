/** What one row of the failover table is made of, and how a round of it runs. */
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { mergeAcks, WRITER_ROLE } from './ha-cluster.ts';
import type { Acknowledgement } from './judge.ts';
import { makeCluster } from './make-cluster.ts';
import type { ClusterOptions } from './make-cluster.ts';
import type { Writers } from './writers.ts';

export interface Figures {
  median: number;
  min: number;
  max: number;
}

export interface Measure {
  what: string;
  unit: 's' | 'rows' | 'times' | 'rounds';
  /** In words. */
  goal: string;
  isMet: (figures: Figures) => boolean;
  /** A peer or floor on the same machine, recorded in the same run under that name, in the same unit. */
  floor?: { what: string; recordedAs: string };
}

export interface ScenarioRun {
  rounds: number;
  seed: number;
  /** A line for the one who watches. */
  say: (line: string) => void;
  /** One sample of one of the scenario's measures, or of a floor. */
  record: (measure: string, value: number) => void;
  signal: AbortSignal;
}

export interface Scenario {
  /** What `--only` names. */
  name: string;
  /** By their key in `record`. */
  measures: Readonly<Record<string, Measure>>;
  run: (run: ScenarioRun) => Promise<void>;
}

/** Nothing is demanded: the figure is printed. */
export const printed = { goal: 'printed', isMet: () => true } as const;
export const none = { goal: '0', isMet: ({ max }: Figures) => max === 0 } as const;

/** Every round in a cluster of its own: for what nobody but an admin repairs. */
export async function inFreshClusters(
  run: ScenarioRun,
  options: ClusterOptions,
  round: (cluster: HaCluster, number: number) => Promise<void>,
): Promise<void> {
  for (let number = 1; number <= run.rounds; number += 1) {
    run.signal.throwIfAborted();
    await using cluster = await makeCluster(options);
    run.signal.throwIfAborted();
    await withLogs(cluster, () => round(cluster, number));
  }
}

/** All rounds in one cluster, which each of them leaves as well as it found it. */
export async function inOneCluster(
  run: ScenarioRun,
  options: ClusterOptions,
  round: (cluster: HaCluster, number: number) => Promise<void>,
): Promise<void> {
  await using cluster = await makeCluster(options);
  for (let number = 1; number <= run.rounds; number += 1) {
    run.signal.throwIfAborted();
    await withLogs(cluster, () => round(cluster, number));
  }
}

/** The files are gone by the time that a failure is read. */
export async function withLogs(cluster: HaCluster, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    for (const { server } of cluster.nodes) {
      process.stderr.write(`--- the BFF of ${server.name} said last:\n${lastWords(server.bff.readLog(), '"req"')}\n`);
      process.stderr.write(`--- its PostgreSQL:\n${lastWords(server.postgres.readLog(), WRITER_ROLE)}\n`);
    }
    throw error;
  }
}

/** The end of a log without the lines of requests and clients, of which there are hundreds a second. */
function lastWords(log: string, noise: string): string {
  const lines = log.split('\n').filter((line) => !line.includes(noise));
  return lines.slice(-150).join('\n');
}

export interface Observed {
  eventMs: number;
  acks: Acknowledgement[];
  /** Who is main in the end, and the ids of the rows that it has. */
  main: HaNode;
  kept: ReadonlySet<string>;
}

export interface EventOptions {
  writers: readonly Writers[];
  /** What happens; returns when it did, by `monotonicMs`. */
  event: () => Promise<number>;
  /** Waits until enough has been seen; the writers go on until then. */
  aftermath: (eventMs: number) => Promise<void>;
}

/** Lets something happen to a cluster under writers, and asks the one main of the end what it has kept. */
export async function observeEvent(cluster: HaCluster, options: EventOptions): Promise<Observed> {
  const { writers } = options;
  let eventMs: number;
  try {
    // About a second of the clients: what follows is measured against a steady stream.
    await Promise.all(writers.map((each) => each.waitForAcks(150)));
    eventMs = await options.event();
    await options.aftermath(eventMs);
  } finally {
    await Promise.all(writers.map((each) => each.stop()));
  }
  const main = await cluster.main();
  return { eventMs, acks: mergeAcks(...writers), main, kept: await cluster.idsOn(main) };
}

/** The two nodes of a cluster of two: who is main, and who is not. */
export async function pairOf(cluster: HaCluster): Promise<[main: HaNode, secondary: HaNode]> {
  const main = await cluster.main();
  const [secondary] = cluster.others(main);
  if (secondary === undefined) throw new Error('there is no secondary');
  return [main, secondary];
}
