/** For tests: a real HTTP server that checks callers with createPeerAuth and answers signed, as the http room does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ClockPort, NodeFilePort } from '../cluster/ports.ts';
import { VerificationFault, type PeerAuthPort, type VerifiedPeer } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { recordingLog } from '../host/test-node-file.ts';
import { createPeerAuth } from './peer-auth.ts';

/** Real time, shifted by the test. */
export function shiftedClock(): ClockPort & { shiftMs: number } {
  return {
    shiftMs: 0,
    nowMs() {
      return Date.now() + this.shiftMs;
    },
    bootSeconds() {
      return performance.now() / 1000;
    },
    bootId: () => 'this boot',
  };
}

export interface PeerServer extends AsyncDisposable {
  readonly apiUrl: string;
  readonly auth: ReturnType<typeof createPeerAuth>;
  /** Callers that were let in, in their order. */
  readonly accepted: VerifiedPeer[];
  /** Raw requests, as an eavesdropper has them. */
  readonly heard: { readonly headers: Record<string, string>; readonly body: Buffer; readonly path: string }[];
}

export async function startPeerServer(options: {
  readonly nodeFile: NodeFilePort;
  readonly clock: ClockPort;
  readonly answer: (path: string) => unknown;
  /** What somebody on the way does to a reply. */
  readonly tamper?: (body: string) => string;
}): Promise<PeerServer> {
  const auth = createPeerAuth({ nodeFile: options.nodeFile, clock: options.clock, log: recordingLog() });
  const accepted: VerifiedPeer[] = [];
  const heard: PeerServer['heard'] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const path = request.url ?? '';
    heard.push({ headers: request.headers as Record<string, string>, body, path });
    const token = request.headers['x-cluster-token'];
    try {
      const peer = await auth.verify({
        token: typeof token === 'string' ? token : undefined,
        method: request.method ?? '',
        // The query is not part of what is signed.
        path: path.split('?', 1)[0] ?? '',
        body,
        remoteAddress: request.socket.remoteAddress ?? '',
      });
      accepted.push(peer);
      await reply(response, auth, peer, 200, JSON.stringify(options.answer(path)), options.tamper);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { nonce, retryAfterSeconds } = error.details;
      if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
      const text = JSON.stringify({
        error: error.message,
        code: error.code,
        ...(nonce === undefined ? {} : { nonce }),
      });
      const signer = error instanceof VerificationFault ? error.replyWith : null;
      await reply(response, auth, signer, error.status, text, undefined);
    }
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  const apiUrl = await listen(server);
  return {
    apiUrl,
    auth,
    accepted,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await auth.close();
    },
  };
}

async function reply(
  response: ServerResponse,
  auth: PeerAuthPort,
  signer: Pick<VerifiedPeer, 'jti' | 'secret'> | null,
  status: number,
  body: string,
  tamper: ((body: string) => string) | undefined,
): Promise<void> {
  if (signer !== null) response.setHeader('x-cluster-reply', await auth.signReply(signer, status, body));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(tamper ? tamper(body) : body);
}

export async function listen(server: Server): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
