/** The calling side of what servers say to each other (DESIGN §5, SAFETY §5). */
import { pathWith } from '@proxpanel/contracts/endpoint';
import { endpoints } from '@proxpanel/contracts/endpoints';
import { errorReplySchema, type ErrorReply } from '@proxpanel/contracts/error-codes';
import type { ClockPort, LogPort } from '../cluster/ports.ts';
import type {
  PeerBodyOf,
  PeerCallOptions,
  PeerEndpointName,
  PeerPort,
  PeerReply,
  PeerTarget,
} from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { candidateUrls } from './candidate-urls.ts';
import { audienceOf, isSignedReply, REPLY_HEADER, signRequest, TOKEN_HEADER } from './cluster-token.ts';
import { findServer } from './find-server.ts';
import { localAddressTowards } from './local-address.ts';
import { dialledOf, type HttpReply, type PeerHttp } from './peer-http.ts';
import { strangerFault } from './network-fault.ts';

/**
 * What a server says that cannot sign: it has no secret yet, another one, or stops a caller before it looks at the
 * token. Believed on join and preflight alone, where a person reads it, and in our words.
 */
const UNSIGNED_SENTENCES = {
  SECRET_MISMATCH: () => 'cluster secret mismatch',
  SAME_SERVER: (apiUrl: string) =>
    `The address ${apiUrl} leads back to this same server; give the address of the other one.`,
  NOT_CONFIGURED: (apiUrl: string) => `The server at ${apiUrl} is not configured as a main server.`,
  TOO_MANY_REQUESTS: (apiUrl: string) => `The server at ${apiUrl} was given wrong secrets too often and asks to wait.`,
  CLOCK_SKEW: (apiUrl: string) => `The clocks of this server and of ${apiUrl} differ by more than a minute.`,
} as const;

interface Call {
  readonly name: PeerEndpointName;
  readonly target: PeerTarget;
  readonly text: string | undefined;
  /** As it is called: parameters filled in. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly search: string;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

export function createPeerClient(parts: {
  readonly http: PeerHttp;
  readonly clock: ClockPort;
  readonly log: LogPort;
}): PeerPort {
  return {
    call: (name, target, body, options) => call(parts, name, target, body, options),
    candidateUrls,
    findServer: (candidates, timeoutMs) => findServer(parts.http, candidates, timeoutMs),
    localAddressTowards,
  };
}

type Parts = Parameters<typeof createPeerClient>[0];

async function call<Name extends PeerEndpointName>(
  parts: Parts,
  name: Name,
  target: PeerTarget,
  body: PeerBodyOf<Name>,
  options: PeerCallOptions,
): Promise<PeerReply<Name>> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const deadline = performance.now() + options.timeoutMs;
  const { params = {}, query = {} } = options;
  const path = pathWith(endpoints[name].path, params);
  const search = new URLSearchParams(query).toString();
  const request: Call = {
    name,
    target,
    text,
    path,
    search: search === '' ? '' : `?${search}`,
    deadline,
    signal: options.signal,
  };
  let exchange = await exchangeOnce(parts, request, options.timeoutMs, undefined);
  const challenge = errorOf(exchange.reply);
  if (exchange.reply.status === 401 && challenge?.code === 'CLOCK_SKEW' && challenge.nonce !== undefined) {
    // Signing a nonce that a stranger chose gives nothing away: the token still names this call and this server alone.
    parts.log.info(
      { peer: target.apiUrl, said: challenge.error },
      'a peer asks for a fresh proof; its nonce is signed',
    );
    const left = Math.max(1, Math.ceil(deadline - performance.now()));
    exchange = await exchangeOnce(parts, request, left, challenge.nonce);
  }
  return readReply(name, target, exchange);
}

interface Exchange {
  readonly reply: HttpReply;
  readonly signed: boolean;
}

async function exchangeOnce(parts: Parts, call: Call, timeoutMs: number, nonce: string | undefined): Promise<Exchange> {
  const { name, target, path } = call;
  const { method } = endpoints[name];
  const { clusterId, nodeId } = target;
  const member = clusterId === null || nodeId === null ? null : { clusterId, nodeId };
  const { token, jti } = await signRequest({
    secret: target.secret,
    issuer: target.issuer,
    audience: audienceOf(member, method, path),
    body: call.text ?? '',
    nowMs: parts.clock.nowMs(),
    ...(nonce === undefined ? {} : { nonce }),
  });
  const reply = await parts.http.request({
    apiUrl: target.apiUrl,
    path: `${path}${call.search}`,
    method,
    headers: { [TOKEN_HEADER]: token, ...(call.text === undefined ? {} : { 'content-type': 'application/json' }) },
    body: call.text,
    timeoutMs,
    signal: call.signal,
  });
  const signed = await isSignedReply(reply.header(REPLY_HEADER), { jti, secret: target.secret }, reply);
  return { reply, signed };
}

function readReply<Name extends PeerEndpointName>(
  name: Name,
  target: PeerTarget,
  { reply, signed }: Exchange,
): PeerReply<Name> {
  if (!signed) throw unsignedFault(target, reply);
  const refusal = reply.status >= 300 ? errorOf(reply) : null;
  if (refusal) throw faultOf(refusal, reply);
  const body = endpoints[name].reply.safeParse(jsonOf(reply));
  if (reply.status >= 300 || !body.success) {
    const what = `HTTP ${reply.status} to ${endpoints[name].path}`;
    throw new Fault('BAD_REPLY', `${target.apiUrl} answers ${what} in a form that this version does not understand.`, {
      cause: body.error,
    });
  }
  return { body: body.data as PeerReply<Name>['body'], roundTripMs: reply.roundTripMs };
}

function unsignedFault(target: PeerTarget, reply: HttpReply): Fault {
  const said = errorOf(reply);
  if (said === null) return strangerFault(dialledOf(target.apiUrl, 0), `a ProxPanel server (HTTP ${reply.status})`);
  if (target.nodeId === null && said.code in UNSIGNED_SENTENCES) {
    const code = said.code as keyof typeof UNSIGNED_SENTENCES;
    const retryAfterSeconds = retryAfterOf(reply);
    return new Fault(code, UNSIGNED_SENTENCES[code](target.apiUrl), {
      ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    });
  }
  // The code is one of a closed list, so naming it lets no stranger put a sentence before an admin.
  return new Fault(
    'BAD_REPLY',
    `${target.apiUrl} answers ${said.code} without the cluster's signature: its secret may be another one.`,
  );
}

function faultOf(said: ErrorReply, reply: HttpReply): Fault {
  const retryAfterSeconds = retryAfterOf(reply);
  return new Fault(said.code, said.error, {
    ...(said.field === undefined ? {} : { field: said.field }),
    ...(said.reasons === undefined ? {} : { reasons: said.reasons }),
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
  });
}

function errorOf(reply: HttpReply): ErrorReply | null {
  const parsed = errorReplySchema.safeParse(jsonOf(reply));
  return reply.status >= 400 && parsed.success ? parsed.data : null;
}

/** Retry-After in seconds, as our servers send it; null when absent or a date. */
export function retryAfterOf(reply: HttpReply): number | null {
  const seconds = Number(reply.header('retry-after') ?? 'none');
  return Number.isInteger(seconds) && seconds >= 0 ? seconds : null;
}

function jsonOf(reply: HttpReply): unknown {
  try {
    return JSON.parse(Buffer.from(reply.body).toString('utf8'));
  } catch {
    // Not JSON is judged as any other wrong shape.
    return null;
  }
}
