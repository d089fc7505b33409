/** What a route's handler receives: the request, already checked against its row of the endpoint table. */
import type { BodyOf, EndpointName, QueryOf, ReplyOf, endpoints } from '@proxpanel/contracts/endpoints';
import type { RequestHandler } from 'express';
import type { VerifiedPeer } from '../cluster/peer-ports.ts';
import type { RawReply, StreamReply } from './raw-reply.ts';
import type { SessionUser } from './session.ts';

type RowOf<Name extends EndpointName> = (typeof endpoints)[Name];
type AccessOf<Name extends EndpointName> = RowOf<Name>['access'];

type ParamNames<Path extends string> = Path extends `${string}:${infer Param}/${infer Rest}`
  ? Param | ParamNames<Rest>
  : Path extends `${string}:${infer Param}`
    ? Param
    : never;
/** The `:name` parts of the path, decoded. */
export type ParamsOf<Name extends EndpointName> = Readonly<Record<ParamNames<RowOf<Name>['path']>, string>>;

export interface Call<Name extends EndpointName> {
  /** After defaults and transforms of the body schema, or the bytes where the row takes those; `never` where it has none. */
  readonly body: RowOf<Name> extends { bytes: unknown } ? Uint8Array : BodyOf<Name>;
  /** The media type that the body was declared as, without parameters; null: none. */
  readonly mediaType: string | null;
  readonly query: QueryOf<Name>;
  readonly params: ParamsOf<Name>;
  /** Never null where the row says `user` or `admin`. */
  readonly user: AccessOf<Name> extends 'user' | 'admin' ? SessionUser : SessionUser | null;
  /** Never null where the row says `server`. */
  readonly peer: AccessOf<Name> extends 'server' ? VerifiedPeer : VerifiedPeer | null;
  /** The bearer token of a generated script, unchecked; never null where the row says `script`. */
  readonly scriptToken: AccessOf<Name> extends 'script' ? string : string | null;
  /** A secondary passed it on: whoever gets it and is not main either refuses it, and passes it on to nobody. */
  readonly wasForwarded: boolean;
  /** The caller's session as it was sent, for a call that is passed on to main. */
  readonly sessionToken: string | null;
  /** The refresh token as it was sent, unchecked; only where the row says `everyone`. */
  readonly refreshToken: string | null;
  /** The address that the connection came from; IPv4 is never written as ::ffff:…. */
  readonly remoteAddress: string;
  /** Base URL under which the caller reached this server, e.g. http://10.0.0.2. */
  readonly calledUrl: string;
  readonly isHttps: boolean;
  /** Aborted when the caller goes away before the reply is sent. */
  readonly signal: AbortSignal;
}

export type Handler<Name extends EndpointName> = (call: Call<Name>) => Promise<ReplyOf<Name> | RawReply | StreamReply>;

export interface RegisterOptions {
  /** Run after the body is checked and before the handler, e.g. a rate limit. Each must call `next`. */
  readonly before?: readonly RequestHandler[];
}

type Handlers = { readonly [Name in EndpointName]: Handler<Name> };

/** Serves a row of the endpoint table; everything but the work itself comes from the table. */
export type Register = <Name extends EndpointName>(
  name: Name,
  handler: Handlers[Name],
  options?: RegisterOptions,
) => void;

/** A main-only call that arrived on a secondary, to be sent on with the caller's own session. */
export interface ForwardedCall {
  readonly name: EndpointName;
  readonly method: string;
  /** Path and query as they were asked. */
  readonly path: string;
  /** JSON; undefined when there is no body. */
  readonly body: unknown;
  readonly sessionToken: string;
  readonly signal: AbortSignal;
}
