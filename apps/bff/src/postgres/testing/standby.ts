/** A second server that is a clone of the first, as setup_replica.sh leaves it but for the product's own settings. */
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { openWorkspace } from '@proxpanel/testbed/workspace';
import type { ReplicationPort, StandbySource } from '../../cluster/postgres-ports.ts';
import { createReplication } from '../replication.ts';
import { clock, connect } from './test-database.ts';
import type { TestConnections } from './test-database.ts';

export interface Node {
  readonly server: PostgresServer;
  readonly connections: TestConnections;
  readonly replication: ReplicationPort;
}

export interface Pair extends AsyncDisposable {
  readonly main: Node;
  readonly secondary: Node;
  readonly source: StandbySource;
}

const login = { user: 'replicator', password: `pass:w\\ord'` };

export const hbaLines = [
  'host replication replicator 127.0.0.1/32 scram-sha-256',
  'host postgres replicator 127.0.0.1/32 scram-sha-256',
];

/** Two servers, the second streaming from the first through slot `replica_2`: all by the adapter under test. */
export async function startPair(settings: Record<string, string | number> = {}): Promise<Pair> {
  const workspace = await openWorkspace();
  try {
    const superuserPassword = 'shared';
    const main = nodeOf(await startPostgres({ workspace, name: 'main', superuserPassword, settings }));
    await main.replication.applyMainSettings({ walTimeoutMs: 10_000 });
    await main.server.stop();
    await main.server.start();
    await main.replication.ensureReplicatorRole(login);
    await main.replication.writeHbaBlock(hbaLines);
    await main.replication.createSlot('replica_2');
    const secondary = nodeOf(await startPostgres({ workspace, name: 'secondary', superuserPassword }));
    await cloneInto(main.server, secondary.server);
    const source = { host: '127.0.0.1', port: main.server.port, nodeId: 2, slotName: 'replica_2', login };
    await secondary.replication.setStandbySource(source);
    await waitForStreaming(main);
    const dispose = async (): Promise<void> => {
      await Promise.all([main.connections.close(), secondary.connections.close()]);
      await workspace.dispose();
    };
    return { main, secondary, source, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await workspace.dispose();
    throw error;
  }
}

export function nodeOf(server: PostgresServer): Node {
  const connections = connect(server);
  return { server, connections, replication: createReplication(connections.cluster, clock) };
}

export async function waitForStreaming(main: Node): Promise<void> {
  await waitFor(async () => (await main.replication.positions()).senders[0]?.state === 'streaming', {
    describe: 'the secondary to stream',
    deadlineMs: 60_000,
  });
}

async function cloneInto(main: PostgresServer, secondary: PostgresServer): Promise<void> {
  await secondary.stop();
  await rm(secondary.dataDirectory, { recursive: true });
  const url = `host=127.0.0.1 port=${main.port} user=replicator password='pass:w\\\\ord\\''`;
  await secondary.runProgram('pg_basebackup', ['-D', secondary.dataDirectory, '-d', url, '-X', 'stream', '-c', 'fast']);
  const own = `port = ${secondary.port}\nunix_socket_directories = '${secondary.socketDirectory}'\n`;
  await appendFile(join(secondary.dataDirectory, 'postgresql.auto.conf'), own);
  await writeFile(join(secondary.dataDirectory, 'standby.signal'), '');
  await secondary.start();
}
