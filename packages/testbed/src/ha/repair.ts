/** What an admin does after a bad night: sees what happened, and lets a diverged server be rebuilt. */
import { TestbedError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import { standingBlockers } from './status-view.ts';
import { findFaults, waitUntilSteady } from './wait-until-steady.ts';

export interface Repair {
  main: HaNode;
  /** How many servers had diverged and were rebuilt from main. */
  rejoined: number;
}

/** Waits until nothing is wrong, doing by the API what only a person may do. Errors as `waitUntilSteady`. */
export async function repairAsAdmin(cluster: HaCluster, deadlineMs = 240_000): Promise<Repair> {
  const rejoined = new Set<HaNode>();
  await waitFor(
    async () => {
      const faults = await findFaults(cluster);
      if (faults.length === 0) return faults;
      for (const node of cluster.nodes) {
        const status = await cluster.status(node);
        if (standingBlockers(status).includes('flapping')) await acknowledge(await cluster.main());
        if (status.divergence && !rejoined.has(node)) {
          rejoined.add(node);
          await rejoin(node);
        }
      }
      return faults;
    },
    {
      describe: 'an admin to have repaired the cluster',
      deadlineMs,
      intervalMs: 500,
      until: ({ length }) => length === 0,
    },
  );
  return { main: await waitUntilSteady(cluster, 30_000), rejoined: rejoined.size };
}

async function acknowledge({ panel }: HaNode): Promise<void> {
  await panel.expectOk(panel.post('/api/cluster/failover/acknowledge', {}));
}

/** POST /rejoin, and the script that it made. */
async function rejoin({ server, panel }: HaNode): Promise<void> {
  const { script_path: script } = await panel.expectOk(
    panel.post<{ script_path: string }>('/api/cluster/rejoin', {}, { timeoutMs: 60_000 }),
  );
  const { exitCode, stdout, stderr } = await server.run(['bash', script], { timeoutMs: 300_000 });
  if (exitCode !== 0)
    throw new TestbedError('COMMAND_FAILED', `rejoin.sh ended with ${exitCode}:\n${stdout}\n${stderr}`);
}
