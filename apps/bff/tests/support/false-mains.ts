/** Addresses that an admin may type by mistake: silent ones, and a main that is not what it should be. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { PreflightReply } from '@proxpanel/contracts/peer';
import { readRequestClaims, REPLY_HEADER, signReplyTo, TOKEN_HEADER } from '../../src/peer/cluster-token.ts';

export interface FalseMain extends AsyncDisposable {
  /** host:port. */
  readonly address: string;
}

function addressOf(server: Server | HttpServer): string {
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Accepts connections and says nothing, as a hung server does. `onCall` tells of each one. */
export async function startSilentServer(onCall: (socket: Socket) => void = () => undefined): Promise<FalseMain> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // The caller gives up: that is what this server is for.
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onCall(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: addressOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An address of this machine where nothing listens. */
export async function closedAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = addressOf(server);
  server.close();
  await once(server, 'close');
  return address;
}

/** A web server that is no panel. */
export async function startStranger(): Promise<FalseMain> {
  const server = createHttpServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<h1>It works!</h1>');
  });
  return listen(server);
}

/**
 * A main whose preflight says what no real server of this machine can: another PostgreSQL, another hour. It knows the
 * secret and signs as a main does.
 */
export async function startFalseMain(secret: string, preflight: () => PreflightReply): Promise<FalseMain> {
  const server = createHttpServer((request, response) => {
    const answer = async (): Promise<void> => {
      await text(request);
      response.setHeader('content-type', 'application/json');
      if (request.url === '/health') {
        response.end(JSON.stringify({ status: 'ok', role: 'main', version: preflight().version }));
        return;
      }
      const { jti } = readRequestClaims(String(request.headers[TOKEN_HEADER]));
      const body = JSON.stringify(preflight());
      response.setHeader(REPLY_HEADER, await signReplyTo({ jti, secret }, { status: 200, body, nowMs: Date.now() }));
      response.end(body);
    };
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  return listen(server);
}

async function listen(server: HttpServer): Promise<FalseMain> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: addressOf(server),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a main that may be joined says, but for `changes`. */
export function preflightReply(changes: Partial<PreflightReply>): PreflightReply {
  return {
    cluster_id: randomUUID(),
    server_id: randomUUID(),
    node_id: 1,
    display_name: 'Elsewhere',
    version: '1.0.0',
    server_time: new Date().toISOString(),
    postgres_version_num: 150_000,
    system_identifier: '7000000000000000000',
    address: '127.0.0.1',
    postgres_port: 5432,
    redis_port: 6379,
    database_bytes: 1_000_000,
    subscriber_count: 1,
    limits: {
      max_connections: 100,
      max_worker_processes: 8,
      max_wal_senders: 10,
      max_prepared_transactions: 0,
      max_locks_per_transaction: 64,
    },
    ...changes,
  };
}
