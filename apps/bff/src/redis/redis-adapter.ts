/** The local Redis behind RedisPort (DESIGN §3, §6.4; SAFETY §2, §5). */
import type { Login } from '@proxpanel/contracts/peer';
import type { LogPort, NodeFilePort, RedisPort, RedisView } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { createDataset } from './dataset.ts';
import { followSource, stopFollowing } from './follow-source.ts';
import { createMetricHistory } from './metric-history.ts';
import { listensBeyondLoopback, openToReplicas } from './network-access.ts';
import { connectToRedis } from './redis-connection.ts';
import { downView, readInfo, viewOf, type RedisInfo } from './redis-info.ts';
import { ensureUser } from './replication-user.ts';

/**
 * Returns at once, whether Redis is there or not. `close` ends the connection.
 * On main `look` also repeats what a restart of Redis has taken away: the replicas' user with node.json's login, once
 * the data are seen to be there.
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
  const inTurn = createTurns();
  let view: RedisView = downView('Redis was not looked at yet.');

  /** The alert, or null. Replicas may copy only without one. */
  async function assertReplicas(info: RedisInfo, login: Login): Promise<string | null> {
    const alert = await dataset.checkOnMain(info);
    await ensureUser(connection, login, alert === null);
    return alert;
  }

  async function lookOnce(): Promise<RedisView> {
    try {
      const info = await readInfo(connection);
      const { membership } = nodeFile.get();
      let alert: string | null = null;
      if (info.source !== null) await dataset.learnOnReplica(info);
      else if (membership?.is_active && membership.role === 'main') {
        alert = await assertReplicas(info, membership.redis_replication).catch(asAlert);
      }
      view = viewOf(info, alert);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      view = downView(error.message);
    }
    return view;
  }

  return {
    view: () => view,
    look: () => inTurn(lookOnce),
    ensureReplicationUser: (login) =>
      inTurn(async () => {
        const info = await readInfo(connection);
        // On a replica nobody may copy yet; `look` gives the leave once it follows nobody.
        if (info.source !== null) return ensureUser(connection, login, false);
        const alert = await assertReplicas(info, login);
        if (alert !== null)
          throw new Fault('BLOCKED', alert, { reasons: [{ code: 'redis_data_lost', sentence: alert }] });
      }),
    follow: (source) =>
      inTurn(async () => {
        await followSource({ connection, dataset, log }, source);
        await lookOnce();
      }),
    stopFollowing: () =>
      inTurn(async () => {
        await stopFollowing({ connection, log });
        await lookOnce();
      }),
    listensBeyondLoopback: () => listensBeyondLoopback(connection),
    openToReplicas: () => inTurn(() => openToReplicas(connection, log)),
    pushMetric: (nodeId, point) => history.push(nodeId, point, view.state === 'main'),
    readMetrics: (nodeId) => history.read(nodeId),
    close: () => {
      connection.close();
    },
  };
}

/** A Redis that lives but refuses (too old for users, disk of node.json full) is up, and nobody can follow it. */
function asAlert(error: unknown): string {
  if (error instanceof Fault && error.code !== 'REDIS_DOWN') return error.message;
  throw error;
}

/** One after the other: between two commands of one change, another would undo what the first relies on. */
function createTurns(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // The next turn does not depend on how this one ends; its fault goes to who asked.
    last = result.catch(() => undefined);
    return result;
  };
}
