/**
 * "A main's Redis that restarted empty is never followed" (SAFETY §2). Redis itself would: a replica reconnects within
 * a second and copies the emptiness. So main's data have a name, a random id under one key, known to node.json of every
 * member. Replicas may copy only while main's Redis holds the name; and who begins to follow looks for it first.
 */
import { randomUUID } from 'node:crypto';
import { uuidSchema } from '@proxpanel/contracts/primitives';
import type { LogPort, NodeFilePort } from '../cluster/ports.ts';
import { DATASET_KEY } from './dataset-key.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisInfo } from './redis-info.ts';

export interface Dataset {
  /** The name that this member's cluster knows; null before the first, and outside a cluster. */
  remembered(): string | null;
  /** On a Redis that follows nobody. null: the data are there. Else the alert, with what an admin can do. */
  checkOnMain(info: RedisInfo): Promise<string | null>;
  /** On a replica whose link is up: learns the name from the data. */
  learnOnReplica(info: RedisInfo): Promise<void>;
}

export function createDataset(connection: RedisConnection, nodeFile: NodeFilePort, log: LogPort): Dataset {
  /** The start of Redis in which the name was seen last. */
  let seenInRun: string | null = null;

  const remembered = () => {
    const { membership } = nodeFile.get();
    return membership?.is_active ? (membership.redis_dataset_id ?? null) : null;
  };
  const read = async () => parseDatasetId(await connection.send('GET', DATASET_KEY));

  /** Outside a cluster there is nobody to remember it for; a later look does, once there is one. */
  async function remember(id: string): Promise<void> {
    if (!nodeFile.get().membership?.is_active || remembered() === id) return;
    await nodeFile.update((file) =>
      file.membership === null ? file : { ...file, membership: { ...file.membership, redis_dataset_id: id } },
    );
  }

  return {
    remembered,
    checkOnMain: async (info) => {
      const known = remembered();
      const found = await read();
      if (known === null) {
        const id = found ?? randomUUID();
        if (found === null) await connection.send('SET', DATASET_KEY, id);
        await remember(id);
      } else if (found === null && seenInRun === info.runId) {
        // Redis has not restarted since: a flush or an eviction, which replicas have seen as well.
        log.info({}, "the name of Redis's data was gone without a restart, and is set again");
        await connection.send('SET', DATASET_KEY, known);
      } else if (found !== known) {
        return alertOf(known, found);
      }
      seenInRun = info.runId;
      return null;
    },
    learnOnReplica: async (info) => {
      seenInRun = null;
      if (!info.linkUp) return;
      const found = await read();
      if (found !== null) await remember(found);
    },
  };
}

/** null for anything that is no name of ours. */
export function parseDatasetId(value: unknown): string | null {
  const parsed = uuidSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function alertOf(known: string, found: string | null): string {
  const what = found === null ? 'has lost its data (a restart without saving?)' : 'holds the data of another cluster';
  return (
    `Redis on this server ${what}: the other servers keep theirs and do not copy it. ` +
    `To let them copy it all the same, run: redis-cli SET ${DATASET_KEY} ${known}`
  );
}
