/** Redis follows the main server's, or stops (DESIGN §6.4). */
import { Redis } from 'ioredis';
import type { LogPort, RedisPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { readSetting, rewriteConfig } from './config-file.ts';
import { DATASET_KEY } from './dataset-key.ts';
import { parseDatasetId, type Dataset } from './dataset.ts';
import { isRefusal, REDIS_TIMEOUT_MS, safeMessage, type RedisConnection } from './redis-connection.ts';
import { readInfo } from './redis-info.ts';

export type FollowSource = Parameters<RedisPort['follow']>[0];

interface Parts {
  readonly connection: RedisConnection;
  readonly dataset: Dataset;
  readonly log: LogPort;
}

/** See RedisPort.follow. The source is asked for the name of its data before anything is changed here. */
export async function followSource(parts: Parts, source: FollowSource): Promise<void> {
  const { connection, log } = parts;
  const { host, port, login } = source;
  const { source: current } = await readInfo(connection);
  const follows = current?.host === host && current.port === port;
  const hasLogin =
    (await readSetting(connection, 'masteruser')) === login.user &&
    (await readSetting(connection, 'masterauth')) === login.password;
  if (follows && hasLogin) return;
  if (!follows) refuseLostData(parts.dataset.remembered(), await readDatasetOf(source), `${host}:${port}`);
  await connection.send('CONFIG', 'SET', 'masteruser', login.user);
  await connection.send('CONFIG', 'SET', 'masterauth', login.password);
  if (!follows) {
    await connection.send('REPLICAOF', host, port);
    log.info({ host, port }, "Redis follows the main server's");
  }
  await rewriteConfig(connection, log);
}

/** See RedisPort.stopFollowing. */
export async function stopFollowing({ connection, log }: Pick<Parts, 'connection' | 'log'>): Promise<void> {
  const { source } = await readInfo(connection);
  if (source !== null) {
    await connection.send('REPLICAOF', 'NO', 'ONE');
    log.info({}, 'Redis follows nobody now');
  }
  let forgot = false;
  for (const name of ['masteruser', 'masterauth']) {
    if (!(await readSetting(connection, name))) continue;
    await connection.send('CONFIG', 'SET', name, '');
    forgot = true;
  }
  if (source !== null || forgot) await rewriteConfig(connection, log);
}

function refuseLostData(known: string | null, found: string | null, address: string): void {
  if (known === null || found === known) return;
  const what = found === null ? 'has lost the data that this server holds' : 'holds the data of another cluster';
  throw new Fault('BLOCKED', `Redis at ${address} ${what}; this server keeps its own and does not follow it.`, {
    reasons: [{ code: 'redis_data_lost', sentence: `Redis at ${address} ${what}.` }],
  });
}

/** One short connection with the replicas' own login, which may read that key and nothing else. */
async function readDatasetOf({ host, port, login }: FollowSource): Promise<string | null> {
  const client = new Redis({
    host,
    port,
    username: login.user,
    password: login.password,
    lazyConnect: true,
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // INFO and CLIENT are not among what this user may say.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  });
  let lastFault: unknown;
  // Here, since `connect` rejects with "Connection is closed" and not with the reason.
  client.on('error', (error: unknown) => {
    lastFault = error;
  });
  try {
    await client.connect();
    return parseDatasetId(await client.get(DATASET_KEY));
  } catch (error) {
    throw remoteFault(`${host}:${port}`, lastFault ?? error, error);
  } finally {
    client.disconnect();
  }
}

function remoteFault(address: string, first: unknown, thrown: unknown): Fault {
  if (isRefusal(thrown) || isRefusal(first)) {
    const reason = safeMessage(isRefusal(thrown) ? thrown : first);
    return new Fault('MAIN_REFUSED', `Redis at ${address} refuses the replication login: ${reason}`);
  }
  return new Fault('MAIN_UNREACHABLE', `Redis at ${address} does not answer: ${safeMessage(first)}.`);
}
