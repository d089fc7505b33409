/** A connection to the local Redis: it comes back by itself, and every command has a time-out (DESIGN §12). */
import { Redis } from 'ioredis';
import type { LogPort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';

export const REDIS_TIMEOUT_MS = 5_000;
const LONGEST_PAUSE_MS = 2_000;

export interface RedisConnection {
  /**
   * Sends one command. Faults: REDIS_DOWN when it is not there or does not answer in time, NOT_AVAILABLE when it refuses.
   * Neither names an argument: some are passwords.
   */
  send(name: string, ...args: (string | number)[]): Promise<unknown>;
  close(): void;
}

export interface RedisConnectionOptions {
  /** What CLIENT LIST calls it. */
  readonly name?: string;
  /** For connecting, and for each command. Default 5 000. */
  readonly timeoutMs?: number;
}

/** Never blocks and never throws: a Redis that is away is a Fault of the commands sent meanwhile. */
export function connectToRedis(
  url: string,
  log: LogPort,
  { name: connectionName = 'proxpanel-cluster', timeoutMs = REDIS_TIMEOUT_MS }: RedisConnectionOptions = {},
): RedisConnection {
  let lastFault: string | null = null;
  const client = new Redis(url, {
    connectionName,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A command is for now: sent minutes later, by a queue, it would surprise whoever has given it up.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
  });
  client.on('error', (error: unknown) => {
    const reason = safeMessage(error);
    // Once for each reason, not for each of the attempts.
    if (reason !== lastFault) log.warn({ reason }, 'Redis cannot be reached; trying on');
    lastFault = reason;
  });
  client.on('ready', () => {
    if (lastFault !== null) log.info({}, 'Redis is reachable again');
    lastFault = null;
  });

  return {
    send: async (name, ...args) => {
      await firstAttempt(client, timeoutMs);
      if (client.status !== 'ready') {
        throw new Fault(
          'REDIS_DOWN',
          lastFault === null ? 'Redis is not reachable.' : `Redis is not reachable: ${lastFault}.`,
        );
      }
      try {
        return await client.call(name, ...args);
      } catch (error) {
        throw faultOf(error, name, client);
      }
    },
    close: () => {
      client.disconnect();
    },
  };
}

function faultOf(error: unknown, name: string, client: Redis): Fault {
  const reason = safeMessage(error);
  // The error itself is no `cause`: it carries the whole command, with passwords among the arguments.
  if (isRefusal(error)) return new Fault('NOT_AVAILABLE', `Redis refuses ${name}: ${reason}`);
  // A connection whose other end vanished would time out for ever.
  if (reason === 'Command timed out') client.disconnect(true);
  return new Fault('REDIS_DOWN', `Redis did not answer ${name}: ${reason}.`);
}

/** The connection is being made at the start of the process: the first command waits for how that ends. */
async function firstAttempt(client: Redis, timeoutMs: number): Promise<void> {
  if (client.status !== 'connecting' && client.status !== 'connect') return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    resolve();
  };
  const deadline = setTimeout(done, timeoutMs);
  client.once('ready', done).once('close', done);
  await promise;
  clearTimeout(deadline);
  client.off('ready', done).off('close', done);
}

/** An error reply of Redis, as opposed to a broken connection. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Redis repeats the arguments of a command that it does not know (a renamed CONFIG), passwords too. */
export function safeMessage(error: unknown): string {
  const message = messageOf(error).split(/, with args beginning with/i, 1)[0] ?? '';
  return message === '' && error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : message;
}
