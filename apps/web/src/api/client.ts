/**
 * The page's one client, made from the endpoint table (DESIGN §5): method and path come from the table, and the types of
 * body, query and reply from its schemas.
 */
import {
  endpoints,
  type BodyInputOf,
  type EndpointName,
  type QueryInputOf,
  type ReplyOf,
} from '@proxpanel/contracts/endpoints';
import { pathWith, type Endpoint } from '@proxpanel/contracts/endpoint';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import { ACCESS_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { ApiError, isNotSignedIn } from './errors.ts';

type PathOf<Name extends EndpointName> = (typeof endpoints)[Name]['path'];
type ParamIn<Path extends string> = Path extends `${string}:${infer Rest}`
  ? Rest extends `${infer Param}/${infer Tail}`
    ? Param | ParamIn<Tail>
    : Rest
  : never;

type Without = Record<never, never>;
type ParamsPart<Name extends EndpointName> = [ParamIn<PathOf<Name>>] extends [never]
  ? Without
  : { params: Record<ParamIn<PathOf<Name>>, string | number> };
type BodyPart<Name extends EndpointName> = [BodyInputOf<Name>] extends [never] ? Without : { body: BodyInputOf<Name> };
type QueryPart<Name extends EndpointName> = [QueryInputOf<Name>] extends [never]
  ? Without
  : { query?: QueryInputOf<Name> };

export type CallOptions<Name extends EndpointName> = {
  signal?: AbortSignal;
  /** How long to wait for the reply; 15 000 ms unless told. */
  timeout_ms?: number;
} & ParamsPart<Name> &
  BodyPart<Name> &
  QueryPart<Name>;

type CallArguments<Name extends EndpointName> =
  Without extends CallOptions<Name> ? [options?: CallOptions<Name>] : [options: CallOptions<Name>];

interface LooseOptions {
  params?: Record<string, string | number>;
  body?: unknown;
  file?: File;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
  timeout_ms?: number;
}

function urlOf(path: string, options: LooseOptions): string {
  const filled = pathWith(path, options.params ?? {});
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') query.set(key, String(value));
  }
  const text = query.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** Where the browser itself fetches something: a link, a picture. */
export function addressOf<Name extends EndpointName>(name: Name, options: ParamsPart<Name> & QueryPart<Name>): string {
  return urlOf(endpoints[name].path, options as LooseOptions);
}

/** JSON, or a file as it is. */
function contentOf(endpoint: Endpoint, { body, file }: LooseOptions): { type: string; content: string | File } | null {
  if (file !== undefined) return { type: file.type, content: file };
  return endpoint.body === undefined ? null : { type: 'application/json', content: JSON.stringify(body ?? {}) };
}

async function send(endpoint: Endpoint, options: LooseOptions): Promise<Response> {
  const timeout = AbortSignal.timeout(options.timeout_ms ?? 15_000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const sent = contentOf(endpoint, options);
  try {
    return await fetch(urlOf(endpoint.path, options), {
      method: endpoint.method,
      credentials: 'same-origin',
      signal,
      headers: { accept: '*/*', ...(sent === null ? {} : { 'content-type': sent.type }) },
      body: sent?.content ?? null,
    });
  } catch (error) {
    // Our own caller gave up (a page was left): not a fault of the server, so it is passed on as it is.
    if (options.signal?.aborted === true) throw error;
    if (timeout.aborted) throw new ApiError('The server did not answer in time.', { code: 'TIMED_OUT', status: 0 });
    throw new ApiError('The server does not answer.', { code: 'NO_ANSWER', status: 0 });
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // The body broke off or is no JSON (a proxy's error page); the status says more than the parser would.
    throw new ApiError(`The server sent an unexpected reply (HTTP ${String(response.status)}).`, {
      code: 'UNEXPECTED_REPLY',
      status: response.status,
    });
  }
}

/** What a reply that is no success says, as the page throws it. */
async function refusalOf(response: Response): Promise<ApiError> {
  const parsed = errorReplySchema.safeParse(await jsonOf(response));
  if (!parsed.success) {
    return new ApiError(`The server sent an unexpected reply (HTTP ${String(response.status)}).`, {
      code: 'UNEXPECTED_REPLY',
      status: response.status,
    });
  }
  const { error, code, field, reasons } = parsed.data;
  const mainServer = response.headers.get('x-main-server');
  return new ApiError(error, { code, status: response.status, field, reasons, mainServer });
}

async function sendOnce(endpoint: Endpoint, options: LooseOptions): Promise<Response> {
  const response = await send(endpoint, options);
  if (!response.ok) throw await refusalOf(response);
  if (endpoint === endpoints.login || endpoint === endpoints.refresh) renewedAtMs = Date.now();
  return response;
}

let refreshing: Promise<void> | null = null;
/** When this page last got an access token; before that the age of the browser's one is unknown. */
let renewedAtMs = 0;

/** Fetches the next access token; calls that need one at the same time share one request. */
function refreshSession(): Promise<void> {
  refreshing ??= sendOnce(endpoints.refresh, {})
    .then(() => undefined)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

/**
 * Renews an access token that has used up two thirds of its life: what the browser fetches by itself, a download, is
 * not sent twice. Rejects as `call` does; NOT_SIGNED_IN when the session has ended.
 */
export async function keepSignedIn(): Promise<void> {
  const age = Date.now() - renewedAtMs;
  if (age < 0 || age > (ACCESS_LIFETIME_MS * 2) / 3) await refreshSession();
}

/**
 * An access token lives for minutes: where it has ended, the session is refreshed and the call sent once more. A session
 * that cannot be refreshed has ended (NOT_SIGNED_IN); a server that does not answer that is no sign of it, and is said.
 */
async function sendSignedIn(endpoint: Endpoint, options: LooseOptions): Promise<Response> {
  try {
    return await sendOnce(endpoint, options);
  } catch (error) {
    if (!isNotSignedIn(error) || endpoint.access === 'everyone') throw error;
    await refreshSession();
    options.signal?.throwIfAborted();
    return sendOnce(endpoint, options);
  }
}

function checkedReply(endpoint: Endpoint, name: string, reply: unknown): unknown {
  // In development and in tests every reply is held against its schema; in production this cheap check must do.
  if (import.meta.env.DEV && endpoint.reply !== undefined) {
    const parsed = endpoint.reply.safeParse(reply);
    if (!parsed.success) {
      const message = `The reply of ${name} is not what the contracts say: ${parsed.error.message}`;
      throw new ApiError(message, { code: 'UNEXPECTED_REPLY', status: 200 });
    }
  } else if (typeof reply !== 'object' || reply === null) {
    throw new ApiError('The server sent an unexpected reply.', { code: 'UNEXPECTED_REPLY', status: 200 });
  }
  return reply;
}

/**
 * Calls one endpoint with JSON in and out. Rejects with ApiError; an abort by `options.signal` is passed on unchanged.
 */
export async function call<Name extends EndpointName>(
  name: Name,
  ...[options]: CallArguments<Name>
): Promise<ReplyOf<Name>> {
  const endpoint: Endpoint = endpoints[name];
  const response = await sendSignedIn(endpoint, (options ?? {}) as LooseOptions);
  return checkedReply(endpoint, name, await jsonOf(response)) as ReplyOf<Name>;
}

/** Calls an endpoint whose reply is text, such as a generated script. Rejects as `call` does. */
export async function callText(
  name: 'setupReplicaScript' | 'rejoinScript',
  options: { signal?: AbortSignal } = {},
): Promise<string> {
  const response = await sendSignedIn(endpoints[name], options);
  return await response.text();
}

/** The same for a file. What is sent in one piece is not sent twice, so the session is renewed before it. */
export async function callWithFile<Name extends 'putUpload'>(
  name: Name,
  options: { file: File; timeout_ms: number } & ParamsPart<Name>,
): Promise<ReplyOf<Name>> {
  await keepSignedIn();
  const endpoint: Endpoint = endpoints[name];
  const response = await sendOnce(endpoint, options);
  return checkedReply(endpoint, name, await jsonOf(response)) as ReplyOf<Name>;
}
