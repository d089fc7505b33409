/** What befalls a server, done so that nothing gives it away: a dead host sends no FIN. */
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../command.ts';
import { TestbedError } from '../errors.ts';
import { findPostmaster, forgetDeadPostmaster } from '../postmaster.ts';
import { isAlive, readProcess, signalProcess } from '../processes.ts';
import type { ProcessIdentity } from '../processes.ts';
import { waitFor } from '../wait-for.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { monotonicMs } from './monotonic.ts';

/** A host dies: its cable first, then all its processes. Returns when the cable was cut, by `monotonicMs`. */
export async function killHost(cluster: HaCluster, node: HaNode): Promise<number> {
  const postmaster = findPostmaster(node.server.postgres.dataDirectory);
  const atMs = await cutCable(cluster, node);
  await killProcesses(node);
  if (postmaster) await forgetDeadPostmaster(node.server.postgres.dataDirectory, postmaster);
  return atMs;
}

/** The same, and what was not yet synced to the disk is lost. Needs `perishableDisks`. */
export async function cutPower(cluster: HaCluster, node: HaNode): Promise<number> {
  if (node.disk === undefined) throw new TestbedError('MISUSE', `${node.server.name} has no perishable disk`);
  // Read now: nothing can be read from a disk without power.
  const postmaster = findPostmaster(node.server.postgres.dataDirectory);
  const atMs = await cutCable(cluster, node);
  await node.disk.losePower();
  try {
    await killProcesses(node);
  } finally {
    await node.disk.comeBack();
  }
  if (postmaster) await forgetDeadPostmaster(node.server.postgres.dataDirectory, postmaster);
  return atMs;
}

export async function cutCable(cluster: HaCluster, node: HaNode): Promise<number> {
  const atMs = monotonicMs();
  await cluster.testbed.cutHost(node.server);
  return atMs;
}

/** The host boots: cable plugged in, every service started as its supervisor would. */
export async function bootHost(cluster: HaCluster, node: HaNode): Promise<void> {
  await cluster.testbed.healHost(node.server);
  await startServices(node);
}

/** What systemd or docker does at a boot or after a death: starts what does not run, and leaves the rest alone. */
export async function startServices({ server }: HaNode): Promise<void> {
  await Promise.all([server.postgres.start(), server.redis.start(), server.bff.start()]);
  await server.bff.waitUntilReady();
}

/** SIGKILL to all that runs on the host, guards and scripts included. */
async function killProcesses({ server }: HaNode): Promise<void> {
  await waitFor(
    async () => {
      const living = await processesOf(server.host?.namespace ?? '');
      for (const each of living) signalProcess(each, 'SIGKILL');
      return living.length === 0;
    },
    { describe: `every process of ${server.name} to die`, intervalMs: 10 },
  );
}

async function processesOf(namespace: string): Promise<ProcessIdentity[]> {
  const { stdout } = await run(['ip', 'netns', 'pids', namespace]);
  return stdout
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((pid) => readProcess(Number(pid)) ?? [])
    .filter(isAlive);
}

/** `docker stop` of a BFF: SIGTERM to its process group, SIGKILL after the grace; nobody starts it again. */
export async function endBffGroup({ server }: HaNode, graceMs = 3_000): Promise<void> {
  const { pid } = server.bff;
  if (pid === undefined) throw new TestbedError('MISUSE', `the BFF of ${server.name} does not run`);
  signalGroup(pid, 'SIGTERM');
  const untilMs = monotonicMs() + graceMs;
  while (server.bff.isRunning() && monotonicMs() < untilMs) await delay(20);
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // The whole group has ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
