/** Reads a request's body within its limit; form and size are judged before anything else is done with it. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import { Fault } from '../fault.ts';

export const PEOPLE_LIMIT_BYTES = 256 * 1024;
export const PEER_LIMIT_BYTES = 256 * 1024;
/** Join and preflight come from servers that are no members yet (SAFETY §5). */
export const STRANGER_LIMIT_BYTES = 16 * 1024;
const SCRIPT_LIMIT_BYTES = 16 * 1024;

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

/** The bytes of a file that a person uploads; BODY_TOO_LARGE before more than the limit is taken in. */
export async function readUploadedBytes(
  request: Request,
  response: Response,
  { types, limitBytes }: { readonly types: readonly string[]; readonly limitBytes: number },
): Promise<Uint8Array> {
  refuseOtherTypes(request, [...types]);
  await runMiddleware(express.raw({ type: [...types], limit: limitBytes, inflate: false }), request, response);
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
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
