/** Clients that write as fast as they can, by the panel or straight into PostgreSQL, and note what was acknowledged and when. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';

export interface Acknowledgement {
  id: string;
  /** performance.now() just before it was sent and just after it was acknowledged. */
  sentAtMs: number;
  heardAtMs: number;
}

export interface DirectWriter {
  readonly acknowledged: readonly Acknowledgement[];
  readonly refusals: ReadonlySet<string>;
  stop(): Promise<void>;
}

/**
 * Inserts into `written (id text)` of the server's own database, one row after the other, each in a transaction that
 * asks for READ WRITE whatever the server's default is: what only a real fence stops (SAFETY §1).
 */
export function startDirectWriter(server: TestServer, prefix: string): DirectWriter {
  const acknowledged: Acknowledgement[] = [];
  const refusals = new Set<string>();
  let stopped = false;
  const insert = async (client: pg.Client, id: string): Promise<void> => {
    const sentAtMs = performance.now();
    await client.query('BEGIN');
    await client.query('SET TRANSACTION READ WRITE');
    await client.query('INSERT INTO written VALUES ($1)', [id]);
    const { command } = await client.query('COMMIT');
    // A failed transaction answers COMMIT with ROLLBACK, and without an error.
    if (command === 'COMMIT') acknowledged.push({ id, sentAtMs, heardAtMs: performance.now() });
  };
  const run = async (): Promise<void> => {
    for (let count = 1; !stopped;) {
      const client = new pg.Client({
        connectionString: server.postgres.url('proxpanel', '127.0.0.1'),
        connectionTimeoutMillis: 2_000,
        query_timeout: 5_000,
      });
      // A server that goes away is what is tested; the pending call reports it.
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!stopped) {
          await insert(client, `${prefix}-${String(count)}`);
          count += 1;
        }
      } catch (error) {
        refusals.add(error instanceof pg.DatabaseError ? (error.code ?? 'none') : 'connection');
        // Its fate is unknown, so the number is never used again.
        count += 1;
        await delay(20);
      } finally {
        await client.end();
      }
    }
  };
  const running = run();
  return {
    acknowledged,
    refusals,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

export interface PanelWriter {
  /** User names that were answered with 201. */
  readonly created: readonly string[];
  /** How often each status and code came; `connection` where no answer came. */
  readonly answers: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** So many clients that add subscribers one after the other, by the panel. */
export function startPanelWriters(panel: PanelClient, clients: number, prefix: string): PanelWriter {
  const created: string[] = [];
  const answers = new Map<string, number>();
  let stopped = false;
  const count = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1);
  const run = async (client: number): Promise<void> => {
    for (let number = 1; !stopped; number += 1) {
      const username = `${prefix}-${String(client)}-${String(number)}`;
      try {
        const { status, body } = await panel.post<{ code?: string }>('/api/subscribers', { username });
        if (status === 201) created.push(username);
        else await delay(20);
        count(status === 201 ? '201' : `${String(status)} ${body.code ?? ''}`);
      } catch {
        // The answer never came: the row may be there or not, and nobody was told that it is.
        count('connection');
        await delay(20);
      }
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return {
    created,
    answers,
    async stop() {
      stopped = true;
      await running;
    },
  };
}
