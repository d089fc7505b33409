/**
 * One pool of connections that survives what a cluster does to its database: roles replaced by a clone, passwords
 * changed in node.json, the server stopped, restarted or swapped. Nothing it does can end the process.
 */
import { Kysely, PostgresDialect } from 'kysely';
import type { PostgresPool } from 'kysely';
import pg from 'pg';
import type { LogPort } from '../cluster/ports.ts';
import { Fault, messageOf } from '../fault.ts';
import { isConnectionFault, isLoginRefused, sqlState, toFault } from './faults.ts';
import { CLIENT_GRACE_MS, processIdOf, sessionOf, type Session } from './session.ts';
import { sqlTypes } from './sql-types.ts';
import type { Tables } from './tables.ts';

/** Where to connect and as whom. Several of them are tried in their order. */
export type Target = Pick<pg.ClientConfig, 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl'>;

export interface PoolOptions {
  readonly applicationName: string;
  /** First choice first; asked anew for each connection. Empty: DATABASE_DOWN with `noTargetSentence`. */
  readonly targets: () => readonly Target[];
  readonly noTargetSentence: string;
  readonly max: number;
  /** While true no new connection is made: DATABASE_DOWN. */
  readonly isHushed?: () => boolean;
  readonly log: LogPort;
  /** Server-side limit of one statement; the client gives up a second later. Default 5 000. */
  readonly statementTimeoutMs?: number;
  /**
   * SAFETY §3: cluster rows must not wait for a synchronous standby that is gone. Set for the whole connection, so that
   * no statement of it (roles, migrations, rows) can hang there.
   */
  readonly commitLocally?: boolean;
}

export interface SessionOptions {
  /** Limit of each statement. Default: the pool's. */
  readonly timeoutMs?: number;
  /** Close the connection afterwards: for settings or roles that must not reach the next user. */
  readonly discard?: boolean;
}

export interface DatabasePool {
  /** Typed queries. Run them inside `guard`, so that their errors become Faults. */
  readonly db: Kysely<Tables>;
  guard<T>(work: () => Promise<T>): Promise<T>;
  query<Row extends object>(text: string, values?: readonly unknown[], options?: SessionOptions): Promise<Row[]>;
  session<T>(work: (session: Session) => Promise<T>, options?: SessionOptions): Promise<T>;
  /** One session in another database of the same server (function rights are kept per database). */
  elsewhere<T>(database: string, work: (session: Session) => Promise<T>): Promise<T>;
  /** Called when a query met 25006 or a connection was lost: the time to look at the database again. */
  onTrouble(listener: () => void): () => void;
  /** Closes idle connections and every connection of a login that is not wanted any more. */
  refresh(): void;
  /** Ends idle connections now and busy ones when they are done; resolves when all have ended, or after `limitMs`. */
  endIdle(limitMs: number): Promise<void>;
  /** Backends of this pool, which `pg_terminate_backend` had better spare. */
  processIds(): number[];
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const CLOSE_LIMIT_MS = 3_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 5_000;
/** The fence needs a connection at a moment when no other may be free; each one more is a process that a stop waits for. */
const KEPT_IDLE = 2;
const IDLE_MS = 10_000;

export const beingStopped = 'PostgreSQL is being stopped for a planned change.';

const keyOf = (target: Target): string =>
  JSON.stringify([target.host, target.port, target.database, target.user, target.password]);

/** The driver's configuration of one connection; also used by the watch, which keeps a connection of its own. */
export function clientConfig(
  target: Target,
  options: Pick<PoolOptions, 'applicationName' | 'statementTimeoutMs' | 'commitLocally'>,
): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  return {
    ...target,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + CLIENT_GRACE_MS,
    keepAlive: true,
    types: sqlTypes,
    ...(options.commitLocally === true ? { options: '-c synchronous_commit=local' } : {}),
  };
}

/** Makes the pool; connects to nothing yet. `close` ends it. */
export function createDatabasePool(options: PoolOptions): DatabasePool {
  return new SwitchingPool(options);
}

class SwitchingPool implements DatabasePool {
  readonly db: Kysely<Tables>;
  readonly #options: PoolOptions;
  readonly #pools = new Map<string, pg.Pool>();
  readonly #clients = new Set<pg.PoolClient>();
  readonly #troubleListeners = new Set<() => void>();
  /** Key of the login that was let in last. */
  #preferred: string | null = null;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    // Kysely asks for a connection for each query or transaction, so that it follows a change of login by itself.
    const pool: PostgresPool = {
      options: {},
      connect: async () => this.#kyselyClient(await this.#connect()),
      end: () => Promise.resolve(),
    };
    this.db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault)) this.#notice(error);
      throw toFault(error);
    }
  }

  query<Row extends object>(
    text: string,
    values: readonly unknown[] = [],
    options: SessionOptions = {},
  ): Promise<Row[]> {
    return this.session((session) => session.query<Row>(text, values), options);
  }

  session<T>(work: (session: Session) => Promise<T>, options: SessionOptions = {}): Promise<T> {
    return this.guard(async () => {
      const client = await this.#connect();
      let broken = options.discard === true;
      try {
        const { timeoutMs } = options;
        if (timeoutMs !== undefined) await client.query(`SET statement_timeout = ${Math.ceil(timeoutMs)}`);
        const result = await work(sessionOf(client, timeoutMs));
        if (timeoutMs !== undefined && !broken) await client.query('RESET statement_timeout');
        return result;
      } catch (error) {
        // After any error the session may be inside a transaction or hold settings: a new one costs milliseconds.
        broken = true;
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  elsewhere<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.guard(async () => {
      // The login that works here works there: roles belong to the whole server.
      (await this.#connect()).release();
      const target = this.#options.targets().find((candidate) => keyOf(candidate) === this.#preferred);
      const client = new pg.Client(clientConfig({ ...target, database }, this.#options));
      client.on('error', (error) => this.#notice(error));
      try {
        await client.connect();
        return await work(sessionOf(client, undefined));
      } finally {
        await client.end();
      }
    });
  }

  onTrouble(listener: () => void): () => void {
    this.#troubleListeners.add(listener);
    return () => this.#troubleListeners.delete(listener);
  }

  refresh(): void {
    const wanted = new Set(this.#options.targets().map(keyOf));
    for (const [key, pool] of this.#pools) {
      if (wanted.has(key)) continue;
      this.#pools.delete(key);
      this.#end(pool);
    }
  }

  processIds(): number[] {
    return [...this.#clients].map(processIdOf);
  }

  async endIdle(limitMs: number): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // A server that hangs never says goodbye, and must not keep this process from going on.
    const limit = setTimeout(resolve, limitMs);
    Promise.all(pools.map((pool) => pool.end())).then(() => resolve(), reject);
    await promise.finally(() => clearTimeout(limit));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.endIdle(CLOSE_LIMIT_MS);
  }

  async #connect(): Promise<pg.PoolClient> {
    if (this.#closed) throw new Fault('SHUTTING_DOWN', 'This server is shutting down.');
    if (this.#options.isHushed?.() === true) throw new Fault('DATABASE_DOWN', beingStopped);
    const targets = [...this.#options.targets()];
    targets.sort((left, right) => Number(keyOf(right) === this.#preferred) - Number(keyOf(left) === this.#preferred));
    let refusal: Error | null = null;
    for (const target of targets) {
      try {
        const client = await this.#poolFor(target).connect();
        this.#preferred = keyOf(target);
        return client;
      } catch (error) {
        if (!isLoginRefused(error)) throw error;
        // After a clone the roles are main's: the next login may be the one that counts now (DESIGN §6.6).
        refusal ??= error as Error;
      }
    }
    throw refusal ?? new Fault('DATABASE_DOWN', this.#options.noTargetSentence);
  }

  #poolFor(target: Target): pg.Pool {
    const key = keyOf(target);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const limits = { max: this.#options.max, min: KEPT_IDLE, idleTimeoutMillis: IDLE_MS };
    const pool = new pg.Pool({ ...clientConfig(target, this.#options), ...limits });
    pool.on('connect', (client) => {
      this.#clients.add(client);
      // A connection that breaks between two queries of its user would otherwise end the process.
      client.on('error', (error) => this.#notice(error));
    });
    pool.on('remove', (client) => this.#clients.delete(client));
    pool.on('error', (error) => {
      this.#options.log.info(
        { pool: this.#options.applicationName, reason: messageOf(error) },
        'an idle database connection was lost',
      );
    });
    this.#pools.set(key, pool);
    return pool;
  }

  #kyselyClient(client: pg.PoolClient): Awaited<ReturnType<PostgresPool['connect']>> {
    let broken = false;
    const query = async (text: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
      // Kysely's ROLLBACK after a time-out would wait behind the statement that timed out.
      if (broken) throw new Error('Connection terminated after a fault');
      try {
        return await client.query(text, [...values]);
      } catch (error) {
        // A time-out leaves the answer on its way: the next user of this connection would read it as its own.
        if (sqlState(error) === null || isConnectionFault(error)) broken = true;
        throw error;
      }
    };
    return { query: query as never, release: (destroy) => client.release(broken || destroy === true) };
  }

  #notice(error: unknown): void {
    if (sqlState(error) !== '25006' && !isConnectionFault(error)) return;
    for (const listener of this.#troubleListeners) listener();
  }

  #end(pool: pg.Pool): void {
    pool.end().catch((error: unknown) => {
      this.#options.log.warn({ reason: messageOf(error) }, 'an old pool of database connections did not close cleanly');
    });
  }
}
