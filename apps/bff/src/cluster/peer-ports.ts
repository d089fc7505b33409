/** Speaking with other servers: signed calls, sealed replies, and plain knocks on their ports (DESIGN §5, SAFETY §5). */
import type { EndpointName, BodyInputOf, ReplyOf } from '@proxpanel/contracts/endpoints';
import type { ErrorCode } from '@proxpanel/contracts/error-codes';
import { Fault, type FaultDetails } from '../fault.ts';

/** The routes that servers call on each other. */
export type PeerEndpointName = Extract<
  EndpointName,
  | 'preflight'
  | 'join'
  | 'heartbeat'
  | 'farewell'
  | 'announce'
  | 'peerStatus'
  | 'noteHold'
  | 'prepare'
  | 'grant'
  | 'discard'
  | 'promise'
  | 'confirmMain'
  | 'uploadManifest'
  | 'upload'
  | 'takeRevocations'
>;

export interface PeerTarget {
  readonly apiUrl: string;
  /** null on preflight and join: the audience is then the route alone and the issuer this server's id. */
  readonly nodeId: number | null;
  readonly clusterId: string | null;
  readonly secret: string;
  /** `node:<id>` or `server:<uuid>`. */
  readonly issuer: string;
}

/** What a call sends; undefined for the routes that take no body. */
export type PeerBodyOf<Name extends PeerEndpointName> = [BodyInputOf<Name>] extends [never]
  ? undefined
  : BodyInputOf<Name>;

export interface PeerReply<Name extends PeerEndpointName> {
  readonly body: ReplyOf<Name>;
  readonly roundTripMs: number;
}

export interface PeerCallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The `:name` parts of the path. */
  readonly params?: Readonly<Record<string, string>>;
  /** Not signed: what it asks for has to be told by the reply again. */
  readonly query?: Readonly<Record<string, string>>;
}

export interface PeerPort {
  /**
   * A signed call; the reply's signature, status and body hash are checked before it is believed.
   * Answers CLOCK_SKEW once by signing the nonce. Faults: MAIN_UNRESOLVABLE, MAIN_UNREACHABLE, MAIN_TIMEOUT (with the
   * address in the sentence), BAD_REPLY, and whatever code the peer itself answered with.
   */
  call<Name extends PeerEndpointName>(
    name: Name,
    target: PeerTarget,
    body: PeerBodyOf<Name>,
    options: PeerCallOptions,
  ): Promise<PeerReply<Name>>;
  /**
   * Base URLs to try for an address as a person typed it: host, host:port or http(s) URL; a bare host gives https 443,
   * then http 80 (DESIGN §5). INVALID_REQUEST for anything else.
   */
  candidateUrls(address: string): string[];
  /** GET <url>/health without a signature: the first candidate that answers, with its round trip. */
  findServer(
    candidates: readonly string[],
    timeoutMs: number,
  ): Promise<{ apiUrl: string; roundTripMs: number; version: string; role: string }>;
  /** The local address from which `host` is reached, as the other side will see us; null when it cannot be told. */
  localAddressTowards(host: string, port: number): Promise<string | null>;
}

/** Plain knocks, time-out 5 s. They resolve with a round trip or reject with a Fault that says which of refused, hung, unresolvable. */
export interface PortProbePort {
  /** PostgreSQL's SSLRequest: answered with S or N. */
  postgresAnswers(host: string, port: number): Promise<{ roundTripMs: number; tls: boolean }>;
  /** PING: PONG and NOAUTH both count. */
  redisAnswers(host: string, port: number): Promise<{ roundTripMs: number }>;
}

/** JWE (dir, A256GCM) under a key derived from the cluster secret with HKDF. */
export interface SealPort {
  seal(secret: string, payload: unknown): Promise<string>;
  /** SECRET_MISMATCH when it was not sealed with this secret. */
  open(secret: string, sealed: string): Promise<unknown>;
  /** HMAC-SHA256 of a text, base64url: two servers of one cluster can tell that theirs are equal, and nobody can read it. */
  prove(secret: string, text: string): string;
}

export interface VerifiedPeer {
  /** Set for members, null on join and preflight. */
  readonly nodeId: number | null;
  /** From `iss` on join and preflight. */
  readonly serverId: string | null;
  readonly jti: string;
  /** The secret that the token was signed with: the reply is signed with the same one. */
  readonly secret: string;
  readonly usedPreviousSecret: boolean;
}

/**
 * A refusal of a caller that did prove the secret: the reply is signed with `replyWith`, so that the caller believes it.
 * Everything else that `verify` throws is a plain Fault and travels unsigned.
 */
export class VerificationFault extends Fault {
  readonly replyWith: Pick<VerifiedPeer, 'jti' | 'secret'>;

  constructor(
    code: ErrorCode,
    sentence: string,
    replyWith: Pick<VerifiedPeer, 'jti' | 'secret'>,
    details: FaultDetails = {},
  ) {
    super(code, sentence, details);
    this.name = 'VerificationFault';
    this.replyWith = replyWith;
  }
}

/** The receiving side of a signed call; used by the http room. */
export interface PeerAuthPort {
  /**
   * Checks form, size and rate first, then the HMAC, audience, age, jti and body hash.
   * SECRET_MISMATCH, BAD_TOKEN, TOKEN_EXPIRED, TOKEN_REPLAYED, CLOCK_SKEW (with nonce), NODE_REMOVED, TOO_MANY_REQUESTS,
   * NODE_UNKNOWN, NOT_CONFIGURED. Thrown as VerificationFault wherever the caller has proved the secret.
   */
  verify(request: {
    readonly token: string | undefined;
    readonly method: string;
    /** The route's path, e.g. /api/cluster/heartbeat. */
    readonly path: string;
    readonly body: Uint8Array;
    readonly remoteAddress: string;
  }): Promise<VerifiedPeer>;
  /** X-Cluster-Reply for a reply to a verified (or removed) caller. */
  signReply(peer: Pick<VerifiedPeer, 'jti' | 'secret'>, status: number, body: string): Promise<string>;
}

/** A person's call that only main may serve, passed on with that person's session (DESIGN §5). */
export interface ForwardRequest {
  /** Main's base URL. */
  readonly apiUrl: string;
  readonly method: string;
  /** Path and query, e.g. /api/cluster/settings. */
  readonly path: string;
  /** The body as it arrived; null when there is none. */
  readonly body: string | null;
  /** Sent as `Authorization: Bearer`; null when the caller is nobody. */
  readonly sessionToken: string | null;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ForwardReply {
  readonly status: number;
  readonly body: string;
  readonly contentType: string | null;
  /** Seconds, when main asked the caller to wait. */
  readonly retryAfterSeconds: number | null;
}

/**
 * Carries `X-Cluster-Forwarded: 1`: who receives it and is not main answers NOT_MAIN and never forwards again, or two
 * secondaries that each take the other for main would pass a call to and fro. Faults as in PeerPort.call.
 */
export type ForwardToMain = (request: ForwardRequest) => Promise<ForwardReply>;
