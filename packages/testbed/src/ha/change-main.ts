/** Changes of main as an admin makes them, by the API of either server. */
import type { PanelClient } from '../panel-client.ts';
import { TestbedError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { HaCluster, HaNode } from './ha-cluster.ts';
import type { OperationView } from './status-view.ts';

/** Asks for a planned change of main; returns the operation's id. `via`: whose page is used. */
export async function askForSwitchover(cluster: HaCluster, to: HaNode, via: HaNode): Promise<string> {
  const body = { mode: 'switchover', node_id: to.nodeId, reason: 'measured' };
  return askToPromote(cluster, via, body);
}

/** Asks a secondary, whose main is lost, to promote itself; returns the operation's id. */
export async function askForEmergency(cluster: HaCluster, node: HaNode): Promise<string> {
  return askToPromote(cluster, node, { mode: 'emergency' });
}

async function askToPromote(cluster: HaCluster, via: HaNode, body: object): Promise<string> {
  const { promote } = await cluster.status(via);
  const confirm = promote.confirm_name === null ? {} : { confirm: promote.confirm_name };
  const reply = await via.panel.expectOk(
    via.panel.post<{ operation_id: string }>('/api/cluster/promote', { ...body, ...confirm }),
  );
  return reply.operation_id;
}

/**
 * Waits until the operation has ended well.
 *
 * @throws TestbedError `BAD_REPLY` when it ended otherwise; `DEADLINE`.
 */
export async function waitForCompletion(panel: PanelClient, id: string, deadlineMs = 120_000): Promise<OperationView> {
  const read = () => panel.expectOk(panel.get<OperationView>(`/api/cluster/operations/${id}`, { timeoutMs: 5_000 }));
  const operation = await waitFor(read, {
    ...{ describe: 'the operation to end', deadlineMs, intervalMs: 250 },
    until: ({ state }) => state !== 'running',
  });
  if (operation.state === 'completed') return operation;
  throw new TestbedError('BAD_REPLY', `the operation ended as ${operation.state}: ${operation.outcome ?? ''}`);
}

/** `prepare 12 ms, shut 130 ms, …`: how long each phase took. */
export function describePhases({ phases }: OperationView): string {
  return phases
    .filter(({ started_at: started }) => started !== null)
    .map(({ name, state, started_at: started, finished_at: finished }) => {
      const took = finished === null ? '…' : `${Date.parse(finished) - Date.parse(started ?? '')} ms`;
      return `${name} ${took}${state === 'completed' ? '' : ` (${state})`}`;
    })
    .join(', ');
}
