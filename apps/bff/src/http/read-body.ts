/** Reads a request's body within its limit; form and size are judged before anything else is done with it. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import { Fault } from '../fault.ts';

export const PEOPLE_LIMIT_BYTES = 256 * 1024;
export const PEER_LIMIT_BYTES = 256 * 1024;
/** Join and preflight come from servers that are no members yet (SAFETY §5). */
export const STRANGER_LIMIT_BYTES = 16 * 1024;
const SCRIPT_LIMIT_BYTES = 16 * 1024;
/** How long what follows a refusal is still taken off the wire. */
const LINGER_MS = 2_000;

const JSON_TYPES = ['application/json'];
const SCRIPT_TYPES = ['application/json', 'application/x-www-form-urlencoded'];

// A compressed body could be a thousand times its size; none of our callers sends one.
const peopleReader = express.json({ limit: PEOPLE_LIMIT_BYTES, inflate: false });
const scriptJsonReader = express.json({ limit: SCRIPT_LIMIT_BYTES, inflate: false });
const scriptFormReader = express.urlencoded({ extended: false, limit: SCRIPT_LIMIT_BYTES, inflate: false });
const peerReader = express.raw({ type: () => true, limit: PEER_LIMIT_BYTES, inflate: false });
const strangerReader = express.raw({ type: () => true, limit: STRANGER_LIMIT_BYTES, inflate: false });

/** The JSON body of a person's call; a call without a body is an empty object. */
export async function readPeopleBody(request: Request, response: Response): Promise<unknown> {
  refuseOtherTypes(request, JSON_TYPES);
  await runMiddleware(peopleReader, request, response);
  return request.body ?? {};
}

/** JSON or a form (what curl can quote by itself). */
export async function readScriptBody(request: Request, response: Response): Promise<unknown> {
  refuseOtherTypes(request, SCRIPT_TYPES);
  await runMiddleware(request.is('application/json') ? scriptJsonReader : scriptFormReader, request, response);
  return request.body ?? {};
}

/** The bytes of another server's call, as they were signed. */
export async function readPeerBytes(request: Request, response: Response, isMember: boolean): Promise<Uint8Array> {
  refuseOtherTypes(request, JSON_TYPES);
  await runMiddleware(isMember ? peerReader : strangerReader, request, response);
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

/**
 * The bytes of a file that a person uploads. Not by body-parser: it answers a body that is too long only after having
 * read all of it, so that a caller with 10 GB, or without an end, would never hear why.
 * Faults: BODY_TOO_LARGE, by the announced length before a byte is read; UNSUPPORTED_MEDIA_TYPE; INVALID_REQUEST when it ends early.
 */
export async function readUploadedBytes(
  request: Request,
  { types, limitBytes }: { readonly types: readonly string[]; readonly limitBytes: number },
): Promise<Uint8Array> {
  refuseOtherTypes(request, [...types]);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Fault('UNSUPPORTED_MEDIA_TYPE', 'A compressed body is not accepted.');
  }
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(request, limitBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Left open when the loop ends early: the connection has to carry the refusal.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge(request, limitBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('INVALID_REQUEST', 'The request ended before its body was complete.', { cause: error });
  }
  return Buffer.concat(chunks);
}

/**
 * What is still on its way is thrown away for a moment, since a connection that is cut under a writing caller loses the
 * reply on the way; then it is cut.
 */
function tooLarge(request: Request, limitBytes: number): Fault {
  // Once the loop has let go of the stream.
  setImmediate(() => request.resume());
  const cut = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('close', () => {
    clearTimeout(cut);
  });
  return new Fault(
    'BODY_TOO_LARGE',
    `The file is too large: at most ${String(limitBytes / 1024 / 1024)} MB are taken.`,
  );
}

/** Runs one middleware by itself; rejects with what it passes to `next`. */
export function runMiddleware(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (error?: unknown): void => {
      if (error === undefined || error === null) resolve();
      else
        reject(error instanceof Error ? error : new Error('A middleware failed without an error.', { cause: error }));
    };
    // A middleware may be async; its rejection must not get lost.
    Promise.resolve(middleware(request, response, next)).catch(reject);
  });
}

function refuseOtherTypes(request: Request, types: string[]): void {
  const length = request.headers['content-length'];
  const hasBody = request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody || request.is(types) !== false) return;
  throw new Fault('UNSUPPORTED_MEDIA_TYPE', `The body must be sent as ${types.join(' or ')}.`);
}
