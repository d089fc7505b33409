/** One connection of a pool, in the hands of one user. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export interface Session {
  readonly processId: number;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** `COPY … FROM STDIN` of lines in PostgreSQL's text form, a piece at a time; resolves once all are in. */
  copyIn(text: string, pieces: Iterable<string>): Promise<void>;
}

/** The server should report its own time-out first: only then is the connection still good. */
export const CLIENT_GRACE_MS = 1_000;

/** @param timeoutMs of each statement; undefined: the connection's own. */
export function sessionOf(client: pg.ClientBase, timeoutMs: number | undefined): Session {
  const limit = timeoutMs === undefined ? {} : { query_timeout: timeoutMs + CLIENT_GRACE_MS };
  return {
    processId: processIdOf(client),
    async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      const result: unknown = await client.query({ text, values: [...values], ...limit });
      // Several statements without parameters give a result each; the rows asked for are the last one's.
      return ((Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult<Row>).rows;
    },
    async copyIn(text, pieces) {
      await pipeline(Readable.from(pieces), client.query(Object.assign(copyFrom(text), limit)));
    },
  };
}

/** The driver has it since the first message of the server, but its types do not say so. */
export function processIdOf(client: pg.ClientBase): number {
  return (client as pg.ClientBase & { processID: number }).processID;
}
