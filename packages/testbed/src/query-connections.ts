import { Socket } from 'node:net';
import pg from 'pg';

export interface QueryTarget {
  socketDirectory: string;
  port: number;
}

interface Connection {
  client: pg.Client;
  socket: Socket;
  /** Nothing has gone wrong on it, and nothing of a caller's is left in it. */
  usable: boolean;
  /** Ends it when it has lain idle for too long. */
  timer?: NodeJS.Timeout;
}

/** A reload reaches a backend that lives on a moment later than one that is born after it. */
const RELOADS = /pg_reload_conf/i;
const KEPT_IDLE = 4;
/** No poll pauses for longer; a server that is being stopped waits for each connection to end. */
const KEPT_IDLE_MS = 1_000;

/**
 * Superuser's connections over the Unix socket. Statements that only read share a few that are kept, since a poll would
 * else cost the server a new process each time, a good part of a core; everything else gets one of its own, so that no
 * setting and no open transaction is left behind.
 */
export class QueryConnections {
  readonly #target: QueryTarget;
  readonly #idle = new Map<string, Connection[]>();
  #closed = false;

  constructor(target: QueryTarget) {
    this.#target = target;
  }

  /** The last statement's rows. What PostgreSQL refuses is thrown as it came. */
  async query<Row extends object>(
    sql: string,
    params: readonly unknown[],
    { database, timeoutMs }: { database: string; timeoutMs: number },
  ): Promise<Row[]> {
    const shares = /^\s*SELECT\b[^;]*;?\s*$/i.test(sql) && !RELOADS.test(sql);
    const idle = this.#idleFor(`${database} ${timeoutMs}`);
    const kept = shares ? takeUsable(idle) : undefined;
    if (kept !== undefined) {
      try {
        return await this.#use<Row>(kept, idle, sql, params);
      } catch (error) {
        // The server it was made to has gone in the meantime: what only reads may be asked again.
        if (!isEnd(error)) throw error;
      }
    }
    const fresh = await this.#connect(database, timeoutMs);
    return this.#use<Row>(fresh, shares ? idle : undefined, sql, params);
  }

  /** Ends those that lie idle. */
  close(): void {
    this.#closed = true;
    for (const { socket, timer } of [...this.#idle.values()].flatMap((idle) => idle.splice(0))) {
      clearTimeout(timer);
      socket.destroy();
    }
  }

  async #use<Row extends object>(
    connection: Connection,
    idle: Connection[] | undefined,
    sql: string,
    params: readonly unknown[],
  ): Promise<Row[]> {
    const { client, socket } = connection;
    let succeeded = false;
    socket.ref();
    try {
      const result: unknown = params.length > 0 ? await client.query(sql, [...params]) : await client.query(sql);
      succeeded = true;
      return ((Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult<Row>).rows;
    } finally {
      if (idle !== undefined && succeeded && connection.usable && !this.#closed && idle.length < KEPT_IDLE) {
        idle.push(connection);
        // Kept for a next time that may never come: that must not keep a program alive.
        socket.unref();
        connection.timer = setTimeout(() => {
          idle.splice(idle.indexOf(connection), 1);
          void end(connection);
        }, KEPT_IDLE_MS).unref();
      } else {
        await end(connection);
      }
    }
  }

  async #connect(database: string, timeoutMs: number): Promise<Connection> {
    const socket = new Socket();
    const client = new pg.Client({
      stream: () => socket,
      host: this.#target.socketDirectory,
      port: this.#target.port,
      user: 'postgres',
      database,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
      application_name: 'testbed',
    });
    const connection: Connection = { client, socket, usable: true };
    // A server that dies under the connection is reported by the pending call; without a listener it would end us.
    client.on('error', () => (connection.usable = false));
    client.on('end', () => (connection.usable = false));
    try {
      await client.connect();
      return connection;
    } catch (error) {
      await end(connection);
      throw error;
    }
  }

  #idleFor(key: string): Connection[] {
    const known = this.#idle.get(key) ?? [];
    this.#idle.set(key, known);
    return known;
  }
}

function takeUsable(idle: Connection[]): Connection | undefined {
  for (let found = idle.pop(); found !== undefined; found = idle.pop()) {
    clearTimeout(found.timer);
    if (found.usable) return found;
  }
  return undefined;
}

/** The connection ended: by an administrator, by a crash, on the way down. A time-out is none. */
function isEnd(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(57P0\d|08\w{3})$/.test(error.code ?? '');
  return error instanceof Error && !/timeout/i.test(error.message);
}

async function end({ client, socket }: Connection): Promise<void> {
  // A program that the server started inherits the connection, so that its end may never be seen from here.
  const giveUp = setTimeout(() => socket.destroy(), 1_000);
  // The outcome is known by now; a connection that is already broken cannot be closed any better.
  await client.end().catch(() => undefined);
  clearTimeout(giveUp);
}
