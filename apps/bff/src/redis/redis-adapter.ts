/** The local Redis behind RedisPort (DESIGN §3, §6.4; SAFETY §2, §5). */
import type { Login } from '@proxpanel/contracts/peer';
import type { LogPort, NodeFilePort, RedisPort, RedisView } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { createDataset } from './dataset.ts';
import { followSource, stopFollowing } from './follow-source.ts';
import { createMetricHistory } from './metric-history.ts';
import { listensBeyondLoopback, openToReplicas } from './network-access.ts';
import { connectToRedis } from './redis-connection.ts';
import { downView, readInfo, viewOf } from './redis-info.ts';
import { ensureUser } from './replication-user.ts';

/**
 * Returns at once, whether Redis is there or not. `close` ends the connection.
 * `look` also repeats, on a Redis that follows nobody, what a restart of Redis has taken away: the replicas' user, once
 * its data are seen to be there.
 */
export function createRedisAdapter(parts: {
  readonly url: string;
  readonly nodeFile: NodeFilePort;
  readonly log: LogPort;
}): RedisPort & { close(): void } {
  const { nodeFile, log } = parts;
  const connection = connectToRedis(parts.url, log);
  const dataset = createDataset(connection, nodeFile, log);
  const history = createMetricHistory(connection, log);
  let view: RedisView = downView('Redis was not looked at yet.');
  /** Set by `ensureReplicationUser`; else node.json's, for a main whose BFF has restarted. */
  let wantedLogin: Login | null = null;

  const replicasLogin = () => {
    const { membership } = nodeFile.get();
    return membership?.is_active && membership.role === 'main' ? membership.redis_replication : null;
  };

  /** The alert, or null. Replicas may copy only without one. */
  async function assertReplicas(info: Awaited<ReturnType<typeof readInfo>>, login: Login): Promise<string | null> {
    const alert = await dataset.checkOnMain(info);
    await ensureUser(connection, login, alert === null);
    return alert;
  }

  async function look(): Promise<RedisView> {
    try {
      const info = await readInfo(connection);
      let alert: string | null = null;
      const login = wantedLogin ?? replicasLogin();
      if (info.source !== null) await dataset.learnOnReplica(info);
      else if (login !== null) alert = await assertReplicas(info, login);
      view = viewOf(info, alert);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      view = downView(error.message);
    }
    return view;
  }

  return {
    view: () => view,
    look,
    ensureReplicationUser: async (login) => {
      const info = await readInfo(connection);
      // On a replica nobody may copy yet; `look` gives the leave once it follows nobody.
      const alert =
        info.source === null ? await assertReplicas(info, login) : await ensureUser(connection, login, false);
      wantedLogin = login;
      if (alert) {
        throw new Fault('BLOCKED', alert, { reasons: [{ code: 'redis_data_lost', sentence: alert }] });
      }
    },
    follow: async (source) => {
      await followSource({ connection, dataset, log }, source);
      await look();
    },
    stopFollowing: async () => {
      await stopFollowing({ connection, log });
      await look();
    },
    listensBeyondLoopback: () => listensBeyondLoopback(connection),
    openToReplicas: () => openToReplicas(connection, log),
    pushMetric: (nodeId, point) => history.push(nodeId, point, view.state === 'main'),
    readMetrics: (nodeId) => history.read(nodeId),
    close: () => {
      connection.close();
    },
  };
}
