/** Speaking with other servers: signed calls, sealed replies, and plain knocks on their ports (DESIGN §5, SAFETY §5). */
import type { EndpointName, BodyInputOf, ReplyOf } from '@proxpanel/contracts/endpoints';

/** The routes that servers call on each other. */
export type PeerEndpointName = Extract<
  EndpointName,
  'preflight' | 'join' | 'heartbeat' | 'farewell' | 'announce' | 'peerStatus'
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

export interface PeerReply<Name extends PeerEndpointName> {
  readonly body: ReplyOf<Name>;
  readonly roundTripMs: number;
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
    body: BodyInputOf<Name>,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
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

/** The receiving side of a signed call; used by the http room. */
export interface PeerAuthPort {
  /**
   * Checks form, size and rate first, then the HMAC, audience, age, jti and body hash.
   * SECRET_MISMATCH, BAD_TOKEN, TOKEN_EXPIRED, TOKEN_REPLAYED, CLOCK_SKEW (with nonce), NODE_REMOVED, TOO_MANY_REQUESTS,
   * NOT_CONFIGURED.
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
