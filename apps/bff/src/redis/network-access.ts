/** Whether other servers can reach this Redis, and opening it to them (DESIGN §6.1). */
import type { LogPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { readSetting, rewriteConfig } from './config-file.ts';
import type { RedisConnection } from './redis-connection.ts';
import { isOpenToEverybody } from './replication-user.ts';

const EVERYWHERE = '* -::*';

/** True when it binds a routable address, and protected mode does not turn others away. */
export async function listensBeyondLoopback(connection: RedisConnection): Promise<boolean> {
  if (isLoopbackAlone((await readSetting(connection, 'bind')) ?? '')) return false;
  const isProtected = (await readSetting(connection, 'protected-mode')) === 'yes';
  return !isProtected || !(await isOpenToEverybody(connection));
}

/** null when it is open now and after a restart; else what the admin has to do, in one sentence. */
export async function openToReplicas(connection: RedisConnection, log: LogPort): Promise<string | null> {
  if (await isOpenToEverybody(connection)) {
    return 'Redis asks for no password: set requirepass (and REDIS_URL) before it is opened to the other server.';
  }
  if (!isLoopbackAlone((await readSetting(connection, 'bind')) ?? '')) return null;
  try {
    await connection.send('CONFIG', 'SET', 'bind', EVERYWHERE);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'NOT_AVAILABLE') throw error;
    return `Redis listens on this machine alone and does not let that be changed while it runs (${error.message}): set "bind ${EVERYWHERE}" in redis.conf and restart it.`;
  }
  if (await rewriteConfig(connection, log)) return null;
  return `Redis listens on every address now, but only until it restarts: give it "bind ${EVERYWHERE}" in its configuration.`;
}

/** `bind` as CONFIG GET says it: addresses, a leading "-" for those that may be missing; empty means every one. */
function isLoopbackAlone(bind: string): boolean {
  const addresses = bind.split(/\s+/).filter((address) => address !== '');
  return addresses.length > 0 && addresses.every((address) => /^-?(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(address));
}
