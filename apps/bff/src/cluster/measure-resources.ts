/** CPU, memory and the disk of PostgreSQL's data, as heartbeats carry them (DESIGN §3). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import type { Ports } from './ports.ts';
import type { DiskUsage } from './postgres-ports.ts';

/** By the file system where this process sees it, else through PostgreSQL (a database in a container of its own). */
export async function ownDiskUsage(
  ports: Pick<Ports, 'database' | 'host' | 'replication' | 'log'>,
): Promise<DiskUsage | null> {
  const { dataDirectory, state } = ports.database.view();
  const seen = dataDirectory === null ? null : await ports.host.diskUsage(dataDirectory);
  if (seen !== null || state === 'down' || state === 'starting') return seen;
  try {
    return await ports.replication.dataDirectoryUsage();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    ports.log.warn({ code: error.code }, 'the disk of the data directory could not be measured');
    return null;
  }
}

/** Refreshes memory.resources and appends a point to this node's history. */
export async function measureResources(context: ClusterContext): Promise<void> {
  const state = context.database.view().state;
  const reachable = state === 'writable' || state === 'recovery';
  const [cpuPercent, memoryPercent, disk, subscriberCount] = await Promise.all([
    context.host.cpuPercent(),
    context.host.memoryPercent(),
    ownDiskUsage(context),
    reachable ? context.panelFacts.subscriberCount() : Promise.resolve(null),
  ]);
  context.memory.resources = { cpuPercent, memoryPercent, diskPercent: disk?.usedPercent ?? null, subscriberCount };
}
