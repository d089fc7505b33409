/** Writes replies and errors, signed where the caller is a server (SAFETY §5). */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ErrorRequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { VerificationFault, type PeerAuthPort, type VerifiedPeer } from '../cluster/peer-ports.ts';
import { toErrorAnswer } from './error-mapping.ts';
import { RawReply, type StreamReply } from './raw-reply.ts';
import type { WritesView } from './read-only-guard.ts';

/** What a signature of a reply needs to know of its caller. */
type ReplyTo = Pick<VerifiedPeer, 'jti' | 'secret'>;

const REPLY_HEADER = 'X-Cluster-Reply';
const replyToByResponse = new WeakMap<Response, ReplyTo>();

/** From now on every reply on this response, errors too, is signed for this caller. */
export function signRepliesFor(response: Response, replyTo: ReplyTo): void {
  replyToByResponse.set(response, replyTo);
}

export async function sendReply(
  response: Response,
  reply: RawReply,
  successStatus: number,
  peerAuth: PeerAuthPort,
): Promise<void> {
  const status = reply.status ?? successStatus;
  const replyTo = replyToByResponse.get(response);
  if (replyTo !== undefined) {
    if (typeof reply.body !== 'string')
      throw new Error('A reply to a server is signed as text; bytes are not supported.');
    response.setHeader(REPLY_HEADER, await peerAuth.signReply(replyTo, status, reply.body));
  }
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.statusCode = status;
  if (response.hasHeader('ETag') && response.req.fresh) {
    // The caller has it already.
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader('Content-Type', reply.contentType);
  response.setHeader('Content-Length', Buffer.byteLength(reply.body));
  response.end(reply.body);
}

/**
 * The first piece is waited for before anything is sent: a fault until then is an ordinary error reply. Ends when the
 * caller goes away.
 */
export async function sendStream(response: Response, reply: StreamReply): Promise<void> {
  const pieces = reply.chunks[Symbol.asyncIterator]();
  const first = await pieces.next();
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', reply.contentType);
  const rest = async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => pieces };
  };
  try {
    await pipeline(Readable.from(rest()), response);
  } catch (error) {
    // The caller's going away is no fault of ours; everything else has cut the reply, and is logged.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

export interface ErrorHandlerDeps {
  readonly log: Logger;
  readonly peerAuth: PeerAuthPort;
  readonly writes: () => WritesView;
}

/** The last handler: maps, logs what nobody foresaw, and answers. */
export function createErrorHandler(deps: ErrorHandlerDeps): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return async (error: unknown, request, response, _next) => {
    const requestId = typeof request.id === 'string' ? request.id : '';
    const { mainApiUrl } = deps.writes();
    const answer = toErrorAnswer(error, { requestId, mainApiUrl });
    if (answer.unexpected) deps.log.error({ err: error, requestId }, 'a request failed');
    if (response.headersSent) {
      // Half a reply must not look like a whole one.
      response.destroy();
      return;
    }
    // A removed node believes its 410 only when it can check it (DESIGN §7).
    if (error instanceof VerificationFault) signRepliesFor(response, error.replyWith);
    const reply = RawReply.json(answer.reply, answer.headers);
    try {
      await sendReply(response, reply, answer.status, deps.peerAuth);
    } catch (signingError) {
      deps.log.error(
        { err: signingError, requestId },
        'an error reply could not be signed; it is sent without a signature',
      );
      replyToByResponse.delete(response);
      await sendReply(response, reply, answer.status, deps.peerAuth);
    }
  };
}
