/**
 * What a planned change of main takes by hand on this machine: a fast stop and pg_promote, with PostgreSQL as it is set and
 * nobody to ask, decide or write down. The panels are ended before; whoever does it knows that both databases are well.
 */
import { chown, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
/** Of the replication user, where the product keeps it. */
const PASSWORD_FILE = 'proxpanel.pgpass';
/** About two seconds of the client. */
const acksBefore = 150;

/**
 * Changes main `rounds` times between the two servers of a cluster; each gap in seconds, judged by the writers. Each server
 * must have followed the other before: it has its password and lets it in. The cluster is of no more use afterwards.
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
  const clients = cluster.startClients({ clients: 1 });
  let eventMs: number;
  try {
    await clients.waitForAcks(acksBefore);
    await nameUpstream(from, to);
    // As before every planned change: what is dirty is written while writes go on.
    await from.server.postgres.query('CHECKPOINT');
    eventMs = monotonicMs();
    await stopFast(from);
    await to.server.postgres.query('SELECT pg_promote(false)');
    await clients.waitForAck(eventMs, { server: to.server.name });
  } finally {
    await clients.stop();
  }
  await startAsStandby(from);
  await waitFor(async () => (await streamingNodes(to)).has(from.nodeId), {
    describe: `${from.server.name} to stream from ${to.server.name}`,
    intervalMs: 50,
  });
  return findWriteGap(clients.acks, eventMs).gapMs;
}

/** What the secondary follows main by, turned round; main reads it when it starts as a standby. */
async function nameUpstream(from: HaNode, to: HaNode): Promise<void> {
  const [row] = await to.server.postgres.query<{ conninfo: string }>(
    `SELECT current_setting('primary_conninfo') AS conninfo`,
  );
  const conninfo = (row?.conninfo ?? '')
    .replace(/host='[^']*'/, `host='${to.server.address}'`)
    .replace(/application_name='[^']*'/, `application_name='node_${String(from.nodeId)}'`);
  await from.server.postgres.query(`ALTER SYSTEM SET primary_conninfo = ${pg.escapeLiteral(conninfo)}`);
  await from.server.postgres.query("ALTER SYSTEM SET primary_slot_name = ''");
  const [here, there] = [from, to].map(({ server }) => join(server.postgres.dataDirectory, PASSWORD_FILE));
  const password = await readFile(there ?? '', 'utf8');
  await writeOwned(here ?? '', password.replaceAll(from.server.address, to.server.address), 0o600);
}

/** As `pg_ctl stop -m fast` does, which looks whether it has ended ten times a second alone. */
async function stopFast({ server }: HaNode): Promise<void> {
  const { dataDirectory } = server.postgres;
  const postmaster = findPostmaster(dataDirectory);
  if (postmaster === undefined) throw new TestbedError('MISUSE', `PostgreSQL of ${server.name} does not run`);
  signalProcess(postmaster, 'SIGINT');
  await waitFor(() => findPostmaster(dataDirectory) === undefined, {
    describe: `PostgreSQL of ${server.name} to stop`,
    intervalMs: pollMs,
  });
}

async function startAsStandby({ server }: HaNode): Promise<void> {
  await writeOwned(join(server.postgres.dataDirectory, 'standby.signal'), '', 0o600);
  await server.postgres.start();
}

/** A file of PostgreSQL's own user. */
async function writeOwned(path: string, text: string, mode: number): Promise<void> {
  const { uid, gid } = await stat(dirname(path));
  await writeFile(path, text, { mode });
  await chown(path, uid, gid);
}
