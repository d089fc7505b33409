import { waitFor } from '../wait-for.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { standingBlockers } from './status-view.ts';

/**
 * Waits until nothing is wrong: one writable main whose gate is open, every other node streaming from it, and no reason
 * why a secondary would not take over if main died now.
 *
 * @throws TestbedError `DEADLINE` with what was still wrong.
 */
export async function waitUntilSteady(cluster: HaCluster, deadlineMs = 180_000): Promise<HaNode> {
  await waitFor(() => findFaults(cluster), {
    ...{ describe: 'a cluster with which nothing is wrong', deadlineMs, intervalMs: 500 },
    until: (faults) => faults.length === 0,
  });
  return cluster.main();
}

/** What is wrong now, one short sentence each. */
export async function findFaults(cluster: HaCluster): Promise<string[]> {
  const writable = await cluster.writable();
  const [main, ...more] = writable;
  if (main === undefined || more.length > 0) return [`writable: ${writable.map(({ server }) => server.name).join()}`];
  const faults: string[] = [];
  const streaming = await streamingNodes(main);
  const { cluster: own } = await cluster.status(main);
  for (const node of cluster.others(main)) {
    if (!streaming.has(node.nodeId)) faults.push(`${node.server.name} does not stream`);
    const status = await cluster.status(node);
    if (status.server.effective_role !== 'secondary') {
      faults.push(`${node.server.name} is ${status.server.effective_role}`);
    }
    if (status.cluster?.term !== own?.term) faults.push(`${node.server.name} does not know main's term`);
    if (status.divergence) faults.push(`${node.server.name}: ${status.divergence.reason}`);
    for (const code of standingBlockers(status)) faults.push(`${node.server.name}: ${code}`);
    // An operation that goes on is not over with its main's first write.
    if (status.operation?.state === 'running') faults.push(`${node.server.name}: ${status.operation.kind} runs`);
  }
  const status = await cluster.status(main);
  if (!status.writes.allowed) faults.push(`${main.server.name}: ${status.writes.sentence}`);
  if (status.operation?.state === 'running') faults.push(`${main.server.name}: ${status.operation.kind} runs`);
  if (status.server.effective_role !== 'main') faults.push(`${main.server.name} is ${status.server.effective_role}`);
  if (status.arbiter && status.arbiter.state !== 'ok') faults.push(`${main.server.name}: ${status.arbiter.sentence}`);
  if (status.durability && !['async', 'sync'].includes(status.durability.state)) {
    faults.push(`${main.server.name}: ${status.durability.sentence}`);
  }
  return faults;
}

/** The nodes to which a server's PostgreSQL sends WAL now; each names itself (DESIGN §6.5). */
export async function streamingNodes({ server }: HaNode): Promise<Set<number>> {
  const rows = await server.postgres.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_replication WHERE state = 'streaming'`,
  );
  return new Set(rows.map(({ name }) => Number(/^node_(\d+)$/.exec(name)?.[1])));
}
