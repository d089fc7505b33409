/** Listening, with TLS where it is configured, and stopping without cutting a reply short. */
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';

/** A caller that sends its head or its body slower than this holds a connection for nothing. */
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than a page's poll interval, so that a poll finds its connection open. */
const KEEP_ALIVE_TIMEOUT_MS = 15_000;

export interface HttpServer {
  /** As the system sees it; the port is real also where 0 was asked. */
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no new connections, lets running replies end for `deadlineMs`, then cuts what is left. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
}

/** HOST_FAULT with one line that names the variable when the port or a TLS file cannot be had. */
export async function startHttpServer(
  app: RequestListener,
  environment: Pick<Environment, 'host' | 'port' | 'tls'>,
): Promise<HttpServer> {
  const server = await makeServer(app, environment.tls);
  server.headersTimeout = HEAD_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  const stopServer = trackConnections(server);
  await listen(server, environment.host, environment.port);
  const { address, port } = server.address() as AddressInfo;
  let stopping: Promise<void> | null = null;
  return {
    address: { host: address, port },
    stop: (deadlineMs) => (stopping ??= stopServer(deadlineMs)),
  };
}

async function makeServer(app: RequestListener, tls: Environment['tls']): Promise<Server> {
  if (tls === null) return createHttpServer(app);
  const cert = await readTlsFile('TLS_CERT_PATH', tls.certPath);
  const key = await readTlsFile('TLS_KEY_PATH', tls.keyPath);
  try {
    return createHttpsServer({ cert, key, minVersion: 'TLSv1.2' }, app);
  } catch (error) {
    throw new Fault('HOST_FAULT', 'TLS_CERT_PATH and TLS_KEY_PATH do not hold a certificate and its key.', {
      cause: error,
    });
  }
}

async function readTlsFile(variable: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Fault('HOST_FAULT', `${variable}: the file ${file} cannot be read.`, { cause: error });
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Fault('HOST_FAULT', listenSentence(error.code, host, port), { cause: error }));
    });
    server.listen({ host, port, backlog: 511 }, resolve);
  });
}

function listenSentence(code: string | undefined, host: string, port: number): string {
  const where = `${host}:${String(port)}`;
  if (code === 'EADDRINUSE') return `PORT: ${where} is already in use by another program.`;
  if (code === 'EACCES')
    return `PORT: listening on ${where} is not allowed; ports below 1024 need the right to bind them.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST: ${host} is not an address of this server.`;
  return `PORT: listening on ${where} failed (${code ?? 'unknown'}).`;
}

/**
 * Node's own closeIdleConnections() leaves connections open that have not asked anything yet, and browsers open those
 * in advance: each would hold up a stop until the deadline. So the ones that wait for a reply are counted here.
 */
function trackConnections(server: Server): (deadlineMs: number) => Promise<void> {
  const connections = new Set<Socket>();
  const speakers = new Set<Socket>();
  const runningReplies = new Map<Socket, number>();
  let isStopping = false;

  const keepIn = (set: Set<Socket>) => (socket: Socket) => {
    set.add(socket);
    socket.once('close', () => set.delete(socket));
  };
  server.on('connection', keepIn(connections));
  // On https a connection speaks HTTP only after its handshake, through another socket object.
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', keepIn(speakers));
  server.on('request', ({ socket }, response) => {
    runningReplies.set(socket, (runningReplies.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (runningReplies.get(socket) ?? 1) - 1;
      if (left > 0) runningReplies.set(socket, left);
      else runningReplies.delete(socket);
      if (isStopping && left <= 0) socket.end();
    });
  });

  return (deadlineMs) =>
    new Promise((resolve) => {
      isStopping = true;
      const deadline = setTimeout(() => {
        for (const socket of connections) socket.destroy();
      }, deadlineMs);
      server.close(() => {
        clearTimeout(deadline);
        resolve();
      });
      for (const socket of speakers) if (!runningReplies.has(socket)) socket.destroy();
    });
}
