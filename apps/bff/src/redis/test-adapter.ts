/** A Redis as the cluster sees it, for the tests of the adapter against real ones. */
import type { RedisServer } from '@proxpanel/testbed/redis-server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { membershipOf, recordingLog, temporaryNodeFile } from '../host/test-node-file.ts';
import type { Membership } from '../cluster/node-file.ts';
import { createRedisAdapter } from './redis-adapter.ts';

export const login = { user: 'proxpanel_replica', password: 'of-the-replicas' };

/** With a node.json of its own. */
export async function openAdapter(redis: RedisServer, changes: Partial<Membership> | null) {
  const membership = changes === null ? null : membershipOf({ redis_replication: login, ...changes });
  const nodeFile = await temporaryNodeFile(membership);
  const log = recordingLog();
  const adapter = createRedisAdapter({ url: redis.url(), nodeFile: nodeFile.file, log });
  return {
    adapter,
    nodeFile,
    log,
    source: { host: redis.host, port: redis.port, login },
    async [Symbol.asyncDispose]() {
      adapter.close();
      await nodeFile[Symbol.asyncDispose]();
    },
  };
}

export const secondary = { role: 'secondary', node_id: 2 } as const;

export function settled(redis: RedisServer, key: string, value: string) {
  return waitFor(() => redis.command('GET', key), {
    describe: `${key} on ${redis.name}`,
    until: (got) => got === value,
  });
}
