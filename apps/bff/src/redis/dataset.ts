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
  const membershipNow = () => {
    const { membership } = nodeFile.get();
    return membership?.is_active ? membership : null;
  };
  const remembered = () => membershipNow()?.redis_dataset_id ?? null;
  const read = async () => parseDatasetId(await connection.send('GET', DATASET_KEY));

  /** Outside a cluster there is nobody to remember it for; a later look does, once there is one. */
  async function remember(id: string, seenInRun: string | undefined): Promise<void> {
    const before = membershipNow();
    if (before === null || (before.redis_dataset_id === id && before.redis_seen_run_id === seenInRun)) return;
    await nodeFile.update((file) => {
      if (file.membership === null) return file;
      const { redis_seen_run_id: _, ...membership } = file.membership;
      const seen = seenInRun === undefined ? {} : { redis_seen_run_id: seenInRun };
      return { ...file, membership: { ...membership, redis_dataset_id: id, ...seen } };
    });
  }

  return {
    remembered,
    checkOnMain: async (info) => {
      const known = remembered();
      const found = await read();
      const id = known ?? found ?? randomUUID();
      if (known === null) {
        if (found === null) await connection.send('SET', DATASET_KEY, id);
      } else if (found === null && membershipNow()?.redis_seen_run_id === info.runId) {
        // Redis has not restarted since: a flush or an eviction, which replicas have seen as well.
        log.info({}, "the name of Redis's data was gone without a restart, and is set again");
        await connection.send('SET', DATASET_KEY, known);
      } else if (found !== known) {
        return alertOf(known, found);
      }
      // On the disk, since this process may be started again between a flush and its next look.
      await remember(id, info.runId);
      return null;
    },
    learnOnReplica: async (info) => {
      const found = info.linkUp ? await read() : null;
      const id = found ?? remembered();
      // What it saw as main says nothing of the data that it copies now.
      if (id !== null) await remember(id, undefined);
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
