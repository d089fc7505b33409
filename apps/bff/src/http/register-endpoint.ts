/** Turns rows of the endpoint table into routes (DESIGN §5): access, shape, place and form of the reply come from the row. */
import type { Endpoint } from '@proxpanel/contracts/endpoint';
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import type { Request, Response, Router } from 'express';
import type { PeerAuthPort, VerifiedPeer } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { FORWARDED_HEADER } from '../forwarded-header.ts';
import type { ForwardedCall, Register, RegisterOptions } from './call.ts';
import type { EndpointRegistry } from './endpoint-registry.ts';
import { RawReply, StreamReply } from './raw-reply.ts';
import { readPeerBytes, readPeopleBody, readScriptBody, readUploadedBytes, runMiddleware } from './read-body.ts';
import { sendReply, sendStream, signRepliesFor } from './send.ts';
import { bearerToken, presentedRefreshToken, presentedToken, refuseCrossSite } from './session-cookie.ts';
import type { Sessions, SessionUser } from './session.ts';
import { parseInput } from './validation.ts';

export interface RegistrarDeps {
  readonly sessions: Pick<Sessions, 'verify'>;
  readonly peerAuth: PeerAuthPort;
  /** True when main-only calls belong to another server. */
  readonly isSecondary: () => boolean;
  /** Sends a call on to main and resolves with main's own reply, errors too; NOT_MAIN when main does not answer. */
  readonly forwardToMain: (call: ForwardedCall) => Promise<RawReply>;
}

/** Who calls, and the body as JSON, before its shape is checked. */
interface Admitted {
  readonly input: unknown;
  readonly user: SessionUser | null;
  readonly sessionToken: string | null;
  readonly refreshToken: string | null;
  readonly peer: VerifiedPeer | null;
  readonly scriptToken: string | null;
}

const nobody: Omit<Admitted, 'input'> = {
  user: null,
  sessionToken: null,
  refreshToken: null,
  peer: null,
  scriptToken: null,
};
const verbs = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;
/** Callers of these are not members yet, so their bodies are kept small. */
const STRANGERS_WELCOME: ReadonlySet<EndpointName> = new Set(['join', 'preflight']);

export function createRegistrar(router: Router, registry: EndpointRegistry, deps: RegistrarDeps): Register {
  return (name, handler, options = {}) => {
    registry.add(name);
    const endpoint: Endpoint = endpoints[name];
    // The table's types have served their purpose at the call; below here every row is treated alike.
    const work = handler as unknown as (call: unknown) => Promise<unknown>;
    router[verbs[endpoint.method]](endpoint.path, async (request, response) => {
      const admitted = await admit(name, endpoint, request, response, deps);
      const reply = await answer({ name, endpoint, work, options }, admitted, { request, response }, deps);
      if (reply instanceof StreamReply) await sendStream(response, reply);
      else await sendReply(response, reply, endpoint.successStatus ?? 200, deps.peerAuth);
    });
  };
}

interface Route {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly work: (call: unknown) => Promise<unknown>;
  readonly options: RegisterOptions;
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

async function answer(
  route: Route,
  admitted: Admitted,
  exchange: Exchange,
  deps: RegistrarDeps,
): Promise<RawReply | StreamReply> {
  const { endpoint, name } = route;
  const { request, response } = exchange;
  const { input, ...caller } = admitted;
  const body: unknown = bodyOf(endpoint, input);
  const query: unknown = endpoint.query === undefined ? undefined : parseInput(endpoint.query, request.query);
  const signal = signalOf(response);
  if (endpoint.runsOn === 'main' && deps.isSecondary()) {
    if (request.headers[FORWARDED_HEADER] !== undefined || caller.sessionToken === null) {
      throw new Fault('NOT_MAIN', 'This server is not the main one, and it was asked on behalf of another server.');
    }
    const { method, originalUrl: path } = request;
    return deps.forwardToMain({ name, method, path, body, sessionToken: caller.sessionToken, signal });
  }
  request.body = body;
  for (const middleware of route.options.before ?? []) await runMiddleware(middleware, request, response);
  const result = await route.work({
    ...caller,
    body,
    mediaType: mediaTypeOf(request),
    query,
    wasForwarded: request.headers[FORWARDED_HEADER] !== undefined,
    params: request.params,
    remoteAddress: remoteAddressOf(request),
    calledUrl: `${request.protocol}://${request.headers.host ?? ''}`,
    isHttps: request.secure,
    signal,
  });
  return result instanceof RawReply || result instanceof StreamReply ? result : RawReply.json(result);
}

/** Bytes are what they are; everything else has its shape. */
function bodyOf(endpoint: Endpoint, input: unknown): unknown {
  if (endpoint.bytes !== undefined) return input;
  return endpoint.body === undefined ? undefined : parseInput(endpoint.body, input);
}

async function admit(
  name: EndpointName,
  endpoint: Endpoint,
  request: Request,
  response: Response,
  deps: RegistrarDeps,
): Promise<Admitted> {
  const hasBody = endpoint.body !== undefined;
  switch (endpoint.access) {
    case 'everyone':
      if (endpoint.method !== 'GET') refuseCrossSite(request);
      return {
        ...nobody,
        refreshToken: presentedRefreshToken(request),
        input: hasBody ? await readPeopleBody(request, response) : undefined,
      };
    case 'user':
    case 'admin': {
      const signedIn = await admitPerson(endpoint, request, deps.sessions);
      if (endpoint.bytes !== undefined) {
        return { ...nobody, ...signedIn, input: await readUploadedBytes(request, endpoint.bytes) };
      }
      return { ...nobody, ...signedIn, input: hasBody ? await readPeopleBody(request, response) : undefined };
    }
    case 'script': {
      const scriptToken = bearerToken(request);
      if (scriptToken === null) throw new Fault('BAD_TOKEN', "The script's token is missing.");
      return { ...nobody, scriptToken, input: hasBody ? await readScriptBody(request, response) : undefined };
    }
    case 'server':
      return admitServer(name, endpoint, request, response, deps.peerAuth);
  }
}

async function admitPerson(
  endpoint: Endpoint,
  request: Request,
  sessions: Pick<Sessions, 'verify'>,
): Promise<Pick<Admitted, 'user' | 'sessionToken'>> {
  const presented = presentedToken(request);
  const user = presented === null ? null : await sessions.verify(presented.token);
  if (presented === null || user === null) throw new Fault('NOT_SIGNED_IN', 'Sign in first.');
  // Only a cookie is sent without the page's knowing it; a foreign page cannot set Authorization.
  if (presented.by === 'cookie' && endpoint.method !== 'GET') refuseCrossSite(request);
  if (endpoint.access === 'admin' && user.role !== 'admin') {
    throw new Fault('ADMIN_ONLY', 'Only an admin may do this.');
  }
  return { user, sessionToken: presented.token };
}

async function admitServer(
  name: EndpointName,
  endpoint: Endpoint,
  request: Request,
  response: Response,
  peerAuth: PeerAuthPort,
): Promise<Admitted> {
  const bytes = await readPeerBytes(request, response, !STRANGERS_WELCOME.has(name));
  const peer = await peerAuth.verify({
    token: request.get('x-cluster-token'),
    method: request.method,
    path: request.path,
    body: bytes,
    remoteAddress: remoteAddressOf(request),
  });
  signRepliesFor(response, peer);
  return { ...nobody, peer, input: endpoint.body === undefined ? undefined : jsonOf(bytes) };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Fault('INVALID_JSON', 'The body is not valid JSON.', { cause: error });
  }
}

function mediaTypeOf(request: Request): string | null {
  const declared = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return declared === undefined || declared === '' ? null : declared;
}

function remoteAddressOf(request: Request): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

function signalOf(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The caller went away before the reply was sent.'));
  });
  return controller.signal;
}
