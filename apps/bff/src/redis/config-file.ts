/** CONFIG SET, and CONFIG REWRITE where Redis has a file of its own. */
import { Fault } from '../fault.ts';
import type { LogPort } from '../cluster/ports.ts';
import type { RedisConnection } from './redis-connection.ts';
import { replicationUsersWithLeave, setLeave } from './replication-user.ts';

/** One setting as it runs; null when this Redis does not know it. */
export async function readSetting(connection: RedisConnection, name: string): Promise<string | null> {
  const pair = await connection.send('CONFIG', 'GET', name);
  const value: unknown = Array.isArray(pair) ? pair[1] : undefined;
  return typeof value === 'string' ? value : null;
}

/**
 * Makes what was set last over a restart. `false` when it cannot: without a file (docker's usual image) or without leave
 * to write it; the cluster asserts its settings each tick anyway (SAFETY §2).
 *
 * Redis writes its users into the same file. The replicas' leave to copy must not get there, or a restart without data
 * would be copied at once; so it is taken away for the moment of the writing. Running links do not need it.
 */
export async function rewriteConfig(connection: RedisConnection, log: LogPort): Promise<boolean> {
  const users = await replicationUsersWithLeave(connection);
  try {
    for (const user of users) await setLeave(connection, user, false);
    await connection.send('CONFIG', 'REWRITE');
    return true;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'NOT_AVAILABLE') throw error;
    log.info({ reason: error.message }, "Redis's settings are not kept over its restart; they are set again then");
    return false;
  } finally {
    for (const user of users) await setLeave(connection, user, true);
  }
}
