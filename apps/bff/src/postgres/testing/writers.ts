/** Clients that write as fast as they can, come back when they are ended, and remember what was acknowledged. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';

const RETRY_PAUSE_MS = 20;

export interface Writers {
  /** Ids whose INSERT or COMMIT was answered. */
  readonly acknowledged: readonly number[];
  stop(): Promise<void>;
}

export interface WriterOptions {
  readonly count: number;
  /** One statement, or a transaction; `$1` is the id. Default: one row into `written`. */
  readonly statement?: (id: number) => string;
}

/** Starts them on `server`; the table `written (id bigint)` must be there. */
export function startWriters(server: PostgresServer, options: WriterOptions): Writers {
  const statement = options.statement ?? ((id) => `INSERT INTO written VALUES (${id})`);
  const stop = new AbortController();
  const acknowledged: number[] = [];
  let next = 1;
  const one = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const client = new pg.Client({ connectionString: server.url(), connectionTimeoutMillis: 5_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!stop.signal.aborted) {
          const id = next;
          next += 1;
          await client.query(statement(id));
          acknowledged.push(id);
        }
      } catch {
        // Shut out or read-only: a real client would try again a moment later, and so does this one.
        next += 1;
        await delay(RETRY_PAUSE_MS);
      } finally {
        await client.end();
      }
    }
  };
  const running = Array.from({ length: options.count }, one);
  return {
    acknowledged,
    async stop() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Which of these ids are not in `written`. */
export async function missingIds(server: PostgresServer, ids: readonly number[]): Promise<number[]> {
  const rows = await server.query<{ id: number }>(
    'SELECT id::int AS id FROM unnest($1::bigint[]) AS id WHERE id NOT IN (SELECT id FROM written)',
    [ids],
  );
  return rows.map((row) => row.id);
}
