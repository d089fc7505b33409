/** What the tests of this room share: a node.json in memory, a recorded log, and connections to a throw-away server. */
import { randomUUID } from 'node:crypto';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import type { ClockPort, LogPort, NodeFilePort } from '../../cluster/ports.ts';
import { createClock } from '../../host/clock.ts';
import { createConnections } from '../connection.ts';
import type { Connections } from '../connection.ts';

type NodeFile = ReturnType<NodeFilePort['get']>;

/** The machine's own, since the guard reads it too. */
export const clock: ClockPort = createClock();

/** Keeps every line, so that a test can read what was said. */
export function recordingLog(): LogPort & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = (fields: object, sentence: string): void => void lines.push(`${sentence} ${JSON.stringify(fields)}`);
  return { lines, info: say, warn: say, error: say };
}

/** node.json of a fresh server, in memory. */
export function memoryNodeFile(parts: Partial<NodeFile> = {}): NodeFilePort {
  const listeners = new Set<(next: NodeFile) => void>();
  let file: NodeFile = {
    format: 1,
    server_id: randomUUID(),
    address: null,
    membership: null,
    ended_membership: null,
    join_script: null,
    session_signing_key: 'key',
    old_session_signing_keys: [],
    accounts_from_main_since: null,
    cluster_database: null,
    panel_database: null,
    newest_iat_by_issuer: {},
    journal: [],
    ...parts,
  };
  return {
    get: () => file,
    async update(change) {
      file = change(file);
      for (const listener of listeners) listener(file);
      return file;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export interface TestConnections extends Connections, AsyncDisposable {
  readonly nodeFile: NodeFilePort;
  readonly log: ReturnType<typeof recordingLog>;
}

interface ConnectOptions {
  readonly nodeFile?: NodeFilePort;
  readonly databaseUrl?: string;
  readonly panelDatabaseUrl?: string | null;
}

/** Connections as context.ts makes them; closed at the end of the test's scope. */
export function connect(server: PostgresServer, options: ConnectOptions = {}): TestConnections {
  const nodeFile = options.nodeFile ?? memoryNodeFile();
  const log = recordingLog();
  const connections = createConnections({
    databaseUrl: options.databaseUrl ?? server.url(),
    panelDatabaseUrl: options.panelDatabaseUrl ?? null,
    nodeFile,
    log,
  });
  return { ...connections, nodeFile, log, [Symbol.asyncDispose]: () => connections.close() };
}
