/** What an admin does with the cluster (DESIGN §5). Each route is one operation. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { changeSettings } from '../cluster/change-settings.ts';
import { disbandCluster } from '../cluster/disband-cluster.ts';
import { joinCluster } from '../cluster/join-cluster.ts';
import { leaveCluster } from '../cluster/leave-cluster.ts';
import { listEvents } from '../cluster/list-events.ts';
import { removeNode } from '../cluster/remove-node.ts';
import { rotateSecret } from '../cluster/rotate-secret.ts';
import { setupMain } from '../cluster/setup-main.ts';
import type { StatusCache } from '../cluster/status-cache.ts';
import { testConnection } from '../cluster/test-connection.ts';
import { Fault } from '../fault.ts';
import type { Register } from '../http/call.ts';
import { RawReply } from '../http/raw-reply.ts';

export function registerClusterPeopleRoutes(register: Register, context: ClusterContext, status: StatusCache): void {
  register('clusterStatus', async () => RawReply.writtenJson(await status.read()));
  register('setupMain', ({ body, user }) => status.after(() => setupMain(context, body, user.username)));
  register('testConnection', async ({ body }) => (await testConnection(context, body)).reply);
  register('setupSecondary', ({ body }) => status.after(() => joinCluster(context, body)));
  register('leave', ({ body }) => status.after(() => leaveCluster(context, body.promote_database)));
  register('removeNode', ({ params, user }) =>
    status.after(() => removeNode(context, nodeIdOf(params.id), user.username)),
  );
  register('disband', ({ user }) => status.after(() => disbandCluster(context, user.username)));
  register('changeSettings', async ({ body, user }) => ({
    settings: await status.after(() => changeSettings(context, body, user.username)),
  }));
  register('rotateSecret', async ({ user }) => {
    const rotated = await status.after(() => rotateSecret(context, user.username));
    const waiting =
      rotated.waiting.length === 0 ? '' : ` It reaches ${rotated.waiting.join(', ')} with the next heartbeat.`;
    const sentence = `The cluster secret and the replication passwords were replaced.${waiting}`;
    return { cluster_secret: rotated.secret, secret_fingerprint: rotated.fingerprint, sentence };
  });
  register('events', ({ query }) => listEvents(context, query));
  register('nodeMetrics', async ({ params }) => {
    const nodeId = nodeIdOf(params.id);
    return { node_id: nodeId, points: await context.redis.readMetrics(nodeId) };
  });
}

function nodeIdOf(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1) throw new Fault('NODE_UNKNOWN', 'There is no such node in this cluster.');
  return id;
}
