/** Plain HTTP to etcd's JSON gateway, timed and capped; which endpoint is asked is decided by the client. */
import { Agent, type Dispatcher } from 'undici';

const MAX_REPLY_BYTES = 1_000_000;

export interface EtcdRequest {
  readonly url: string;
  readonly path: string;
  readonly body: object;
  readonly token: string | null;
  /** For everything together; of a stream for its beginning. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EtcdReply {
  readonly status: number;
  readonly text: string;
}

export interface EtcdHttp {
  /** Throws whatever the socket threw, or the signal's reason. */
  post(request: EtcdRequest): Promise<EtcdReply>;
  /**
   * The lines of an endless reply, the first of which has to come within `timeoutMs`, every later one within `idleMs`
   * of the one before. Throws whatever ended it.
   */
  lines(request: EtcdRequest & { readonly idleMs: number }): AsyncGenerator<string, void>;
  close(): Promise<void>;
}

/** `ca`: PEM of the authority that signs etcd's certificates; null: the system's own. */
export function createEtcdHttp(ca: string | null): EtcdHttp {
  // A connection is kept for what follows at once and no longer: over an old one a call may fail for its sake.
  const agent = new Agent({
    connections: 8,
    keepAliveTimeout: 1_000,
    keepAliveMaxTimeout: 1_000,
    // A watch is silent for as long as nothing happens; each call has its own deadline.
    bodyTimeout: 0,
    connect: ca === null ? {} : { ca },
  });
  return {
    post: (request) => post(agent, request),
    lines: (request) => lines(agent, request),
    // `destroy`, not `close`: at shutdown a hung etcd must not hold the process.
    close: () => agent.destroy(),
  };
}

async function post(agent: Agent, request: EtcdRequest): Promise<EtcdReply> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
  const reply = await requestUntil(signal, agent, request);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw new Error('its reply is larger than 1 MB');
    chunks.push(chunk);
  }
  return { status: reply.statusCode, text: Buffer.concat(chunks).toString('utf8') };
}

async function* lines(agent: Agent, request: EtcdRequest & { idleMs: number }): AsyncGenerator<string, void> {
  const silence = new AbortController();
  const giveUp = () => {
    silence.abort(new DOMException('it has been silent for too long', 'TimeoutError'));
  };
  const signal = request.signal ? AbortSignal.any([silence.signal, request.signal]) : silence.signal;
  let timer = setTimeout(giveUp, request.timeoutMs);
  try {
    const reply = await requestUntil(signal, agent, request);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, request.idleMs);
      const parts = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > MAX_REPLY_BYTES) throw new Error('a line of its reply is larger than 1 MB');
      yield* parts.filter((part) => part.trim() !== '');
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    clearTimeout(timer);
    // Left early by the reader: the connection goes as well.
    silence.abort();
  }
}

/** undici hears an abort only once it is connected: a hanging TLS handshake would outlast the deadline. */
async function requestUntil(
  signal: AbortSignal,
  agent: Agent,
  { url, path, body, token }: EtcdRequest,
): Promise<Dispatcher.ResponseData> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Dispatcher.ResponseData>();
  const onAbort = () => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const target = new URL(url);
  agent
    .request({
      origin: target.origin,
      path: `${target.pathname.replace(/\/$/, '')}${path}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        // A member that is cut off from the others ends a watch instead of keeping it, silent.
        'grpc-metadata-hasleader': 'true',
        ...(token === null ? {} : { authorization: token }),
      },
      body: JSON.stringify(body),
      signal,
    })
    // After an abort both do nothing: undici has then dropped the body by the same signal.
    .then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
