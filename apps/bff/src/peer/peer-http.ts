/** Plain HTTP to other servers, timed and capped; what is asked and what is believed is decided by its callers. */
import { Agent, type Dispatcher } from 'undici';
import { Fault } from '../fault.ts';
import { networkFault, type DialledAddress } from './network-fault.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_REPLY_BYTES = 1_000_000;

export interface HttpRequest {
  /** Base URL of the other server. */
  readonly apiUrl: string;
  /** Path and query. */
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For everything together: name, connection, headers and body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether an https server must have a certificate of a known authority. False for signed calls: the cluster secret
   * proves who answers, better than a certificate, and plain http is allowed as well.
   */
  readonly trustedCertificateOnly?: boolean;
}

export interface HttpReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly roundTripMs: number;
  /** The first value of a header, by its lower-case name. */
  header(name: string): string | undefined;
}

export interface PeerHttp {
  /**
   * One request; redirects are not followed. Faults: MAIN_UNRESOLVABLE, MAIN_UNREACHABLE, MAIN_TIMEOUT, BAD_REPLY.
   * The caller's own abort rejects with the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpReply>;
  close(): Promise<void>;
}

export function createPeerHttp(): PeerHttp {
  // Kept for what follows at once and no longer: a probe over an old connection may fail for the connection's sake.
  const common = { connections: 16, keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 };
  const anyCertificate = new Agent({
    ...common,
    connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: false },
  });
  const trustedOnly = new Agent({ ...common, connect: { timeout: CONNECT_TIMEOUT_MS } });
  return {
    request: (request) => send(request.trustedCertificateOnly ? trustedOnly : anyCertificate, request),
    close: async () => {
      // `destroy`, not `close`: at shutdown a hung peer must not hold the process.
      await Promise.all([anyCertificate.destroy(), trustedOnly.destroy()]);
    },
  };
}

/** What an admin sees of the server that was asked. */
export function dialledOf(apiUrl: string, timeoutMs: number): DialledAddress {
  return { address: apiUrl, host: new URL(apiUrl).hostname, timeoutMs };
}

async function send(agent: Agent, request: HttpRequest): Promise<HttpReply> {
  const dialled = dialledOf(request.apiUrl, request.timeoutMs);
  const url = new URL(request.path, request.apiUrl);
  if (url.origin !== new URL(request.apiUrl).origin) {
    throw new Fault('INVALID_REQUEST', 'The path leads to another server.');
  }
  request.signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
  const started = performance.now();
  try {
    const reply = await requestUntil(signal, agent, {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal,
    });
    const body = await readCapped(reply.body, dialled);
    return {
      status: reply.statusCode,
      body,
      roundTripMs: performance.now() - started,
      header: (name) => first(reply.headers[name]),
    };
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw networkFault(deadline.aborted ? deadline.reason : error, dialled);
  }
}

/** undici hears an abort only once it is connected: a hanging TLS handshake would outlast the caller's patience. */
async function requestUntil(
  signal: AbortSignal,
  agent: Agent,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> {
  const { promise, resolve, reject } = Promise.withResolvers<Dispatcher.ResponseData>();
  const onAbort = () => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  // After an abort both do nothing: undici has then dropped the body by the same signal.
  agent.request(options).then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function readCapped(body: AsyncIterable<Buffer>, dialled: DialledAddress): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the stream and its connection.
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) {
      throw new Fault(
        'BAD_REPLY',
        `${dialled.address} answers with more than 1 MB: that is no reply of a ProxPanel server.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
