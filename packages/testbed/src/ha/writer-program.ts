/**
 * Clients that write one row after the other and try the servers in turn: a program of its own, so that it can run on any
 * host and nothing but its own work delays it. Prints each acknowledgement as a line of JSON; ends when its standard
 * input does.
 */
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Acknowledgement } from './judge.ts';
import { monotonicMs } from './monotonic.ts';

export interface WriterTarget {
  name: string;
  host: string;
  port: number;
}

export interface WriterConfig {
  targets: readonly WriterTarget[];
  clients: number;
  /** One-row transactions a second of each client. */
  perSecond: number;
  /** Begins every id. */
  prefix: string;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  /** Between a refusal and the next server. */
  retryPauseMs: number;
  user: string;
  database: string;
  table: string;
}

export type WriterLine = { ack: Acknowledgement } | { refusals: Record<string, number> };

const config = JSON.parse(process.argv[2] ?? '') as WriterConfig;
const refusals: Record<string, number> = {};
let stopped = false;
process.stdin.on('end', () => (stopped = true)).resume();

await Promise.all(Array.from({ length: config.clients }, (_, client) => writeRows(client)));
print({ refusals });

function print(line: WriterLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function writeRows(client: number): Promise<void> {
  const periodMs = 1_000 / config.perSecond;
  const rows = { count: 0, dueMs: monotonicMs() + (client * periodMs) / config.clients };
  for (let turn = client; !stopped; turn += 1) {
    const target = config.targets[turn % config.targets.length];
    if (target === undefined) return;
    const socket = new Socket();
    const connection = new pg.Client({
      stream: () => socket,
      ...{ host: target.host, port: target.port, user: config.user, database: config.database },
      connectionTimeoutMillis: config.connectTimeoutMs,
      query_timeout: config.statementTimeoutMs,
      application_name: 'ha-writer',
      // Any client may do so: only a server that is really shut refuses it (SAFETY §1).
      options: '-c default_transaction_read_only=off',
    });
    // A server that goes away is what is measured; the pending call reports it.
    connection.on('error', () => undefined);
    try {
      await connection.connect();
      while (!stopped) {
        await delay(Math.max(0, rows.dueMs - monotonicMs()));
        // After a stall the rate goes on as it was; what was not written is not made up for.
        rows.dueMs = Math.max(rows.dueMs + periodMs, monotonicMs());
        rows.count += 1;
        const id = `${config.prefix}-${client}-${rows.count}`;
        const sentMs = monotonicMs();
        await connection.query({ name: 'insert', text: `INSERT INTO ${config.table} VALUES ($1)`, values: [id] });
        print({ ack: { id, server: target.name, sentMs, heardMs: monotonicMs() } });
      }
    } catch (error) {
      const why = error instanceof pg.DatabaseError ? (error.code ?? 'none') : codeOf(error);
      refusals[`${target.name} ${why}`] = (refusals[`${target.name} ${why}`] ?? 0) + 1;
      if (!stopped) await delay(config.retryPauseMs);
    } finally {
      // A polite end would wait for an answer that a cut link never brings.
      socket.destroy();
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
