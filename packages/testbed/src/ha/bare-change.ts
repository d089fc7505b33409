/**
 * What this machine needs for a planned change of main at the least: a fast stop and pg_promote, by hand and with nobody
 * to ask, decide or write down. The panels are ended before; whoever does it knows that both databases are well.
 */
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { findPostmaster } from '../postmaster.ts';
import { signalProcess } from '../processes.ts';
import { TestbedError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { findWriteGap } from './judge.ts';
import { monotonicMs } from './monotonic.ts';
import { streamingNodes } from './wait-until-steady.ts';

const pollMs = 5;
/** About two seconds of the client. */
const acksBefore = 150;

/**
 * Changes main `rounds` times between the two servers of a cluster; each gap in seconds, judged by the writers. Each server
 * must have followed the other before, so that its settings name it. The cluster is of no more use afterwards.
 */
export async function measureBareChanges(cluster: HaCluster, rounds: number, signal: AbortSignal): Promise<number[]> {
  const first = await cluster.main();
  const [second] = cluster.others(first);
  if (second === undefined) throw new TestbedError('MISUSE', 'a change of main needs two servers');
  await Promise.all(cluster.nodes.map(({ server }) => server.bff.stop()));
  const gaps: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    signal.throwIfAborted();
    const [from, to] = round % 2 === 0 ? [first, second] : [second, first];
    gaps.push((await changeBarely(cluster, from, to)) / 1_000);
  }
  return gaps;
}

/** Returns the gap in milliseconds. */
async function changeBarely(cluster: HaCluster, from: HaNode, to: HaNode): Promise<number> {
  const promoter = new pg.Client({
    connectionString: to.server.postgres.url('postgres'),
    connectionTimeoutMillis: 5_000,
  });
  await promoter.connect();
  const clients = cluster.startClients({ clients: 1 });
  let eventMs: number;
  try {
    await clients.waitForAcks(acksBefore);
    // As before every planned change: what is dirty is written while writes go on.
    await from.server.postgres.query('CHECKPOINT');
    eventMs = monotonicMs();
    await stopFast(from);
    await promoter.query('SELECT pg_promote(false)');
    await clients.waitForAck(eventMs, { server: to.server.name });
  } finally {
    await Promise.all([clients.stop(), promoter.end()]);
  }
  await startAsStandby(from);
  await waitFor(async () => (await streamingNodes(to)).has(from.nodeId), {
    describe: `${from.server.name} to stream from ${to.server.name}`,
    intervalMs: 50,
  });
  return findWriteGap(clients.acks, eventMs).gapMs;
}

/** As `pg_ctl stop -m fast` does, which looks whether it has ended ten times a second alone. */
async function stopFast({ server }: HaNode): Promise<void> {
  const { dataDirectory } = server.postgres;
  const postmaster = findPostmaster(dataDirectory);
  if (postmaster === undefined) throw new TestbedError('MISUSE', `PostgreSQL of ${server.name} does not run`);
  signalProcess(postmaster, 'SIGINT');
  while (findPostmaster(dataDirectory) !== undefined) await delay(pollMs);
}

async function startAsStandby({ server }: HaNode): Promise<void> {
  const { dataDirectory } = server.postgres;
  const { uid, gid } = await stat(dataDirectory);
  const path = join(dataDirectory, 'standby.signal');
  await writeFile(path, '');
  await chown(path, uid, gid);
  await server.postgres.start();
}
