/**
 * Calls to one etcd by any of its endpoints: tried in turn, each for `timeoutMs`, beginning with the one that answered
 * last. A call may therefore be carried out twice; who makes a transaction recognises its own work (`take-lease.ts`).
 */
import type { z } from 'zod';
import { Fault, messageOf } from '../fault.ts';
import type { EtcdHttp, EtcdReply } from './etcd-http.ts';
import { authenticateReply, errorReply, watchLine } from './etcd-replies.ts';

export interface EtcdAccess {
  readonly urls: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
}

export interface EtcdClientOptions {
  readonly access: EtcdAccess;
  readonly http: EtcdHttp;
  /** Of one call at one endpoint. */
  readonly timeoutMs: number;
}

/** etcd's own "no", which every endpoint would repeat. */
export class EtcdRefusal extends Error {
  readonly grpcCode: number;

  constructor(message: string, grpcCode: number) {
    super(message);
    this.name = 'EtcdRefusal';
    this.grpcCode = grpcCode;
  }
}

export const NOT_FOUND = 5;
export const FAILED_PRECONDITION = 9;
const UNAUTHENTICATED = 16;
/** Canceled, unknown, deadline exceeded, internal, unavailable: this endpoint cannot, another may. */
const AWAY: readonly number[] = [1, 2, 4, 13, 14];

export interface EtcdClient {
  /** Faults: ARBITER_AWAY when no endpoint can; EtcdRefusal; the caller's own abort. */
  call<Reply>(path: string, body: object, schema: z.ZodType<Reply>, signal?: AbortSignal): Promise<Reply>;
  /**
   * Calls `onLine` when the watch stands and at each event, until it breaks: then throws why. Silence of `idleMs`
   * counts as broken. After one that never stood the next goes to another endpoint.
   */
  watch(key: string, idleMs: number, onLine: () => void, signal: AbortSignal): Promise<never>;
}

export function createEtcdClient({ access, http, timeoutMs }: EtcdClientOptions): EtcdClient {
  let current = 0;
  const withToken = createSignIn(access, http, timeoutMs);

  return {
    async call(path, body, schema, signal) {
      const problems: string[] = [];
      const first = current;
      for (let step = 0; step < access.urls.length; step += 1) {
        const index = (first + step) % access.urls.length;
        const url = access.urls[index] ?? '';
        try {
          const reply = await withToken(url, signal, async (given) =>
            parseReply(await http.post({ url, path, body, token: given, timeoutMs, signal }), schema),
          );
          current = index;
          return reply;
        } catch (error) {
          signal?.throwIfAborted();
          if (error instanceof EtcdRefusal && !AWAY.includes(error.grpcCode)) throw error;
          problems.push(`${url}: ${reasonOf(error, timeoutMs)}`);
        }
      }
      // All have failed: the next call begins with another one.
      current = (first + 1) % access.urls.length;
      throw new Fault('ARBITER_AWAY', `The arbiter does not answer (${problems.join('; ')}).`);
    },

    async watch(key, idleMs, onLine, signal) {
      const url = access.urls[current] ?? '';
      const body = { create_request: { key, progress_notify: true } };
      let wasOpen = false;
      try {
        return await withToken(url, signal, async (given) => {
          const lines = http.lines({ url, path: '/v3/watch', body, token: given, timeoutMs, idleMs, signal });
          for await (const line of lines) {
            const { result } = parseReply({ status: 200, text: line }, watchLine);
            // etcd words a refused token inside the reason.
            if (result.canceled) throw new EtcdRefusal(result.cancel_reason, codeInside(result.cancel_reason));
            if (!result.created && result.events.length === 0) continue;
            wasOpen = true;
            onLine();
          }
          throw new Error('it closed the connection');
        });
      } catch (error) {
        if (!wasOpen && access.urls[current] === url) current = (current + 1) % access.urls.length;
        throw error;
      }
    },
  };
}

/** Runs a call with a token, and once more with a new one: etcd forgets its tokens when it restarts and after minutes. */
function createSignIn(access: EtcdAccess, http: EtcdHttp, timeoutMs: number) {
  let token: string | null = null;

  async function authenticate(url: string, signal: AbortSignal | undefined): Promise<string | null> {
    if (access.username === null) return null;
    const body = { name: access.username, password: access.password };
    const reply = await http.post({ url, path: '/v3/auth/authenticate', body, token: null, timeoutMs, signal });
    return parseReply(reply, authenticateReply).token;
  }

  async function withToken<Result>(
    url: string,
    signal: AbortSignal | undefined,
    ask: (token: string | null) => Promise<Result>,
  ): Promise<Result> {
    const given = (token ??= await authenticate(url, signal));
    try {
      return await ask(given);
    } catch (error) {
      if (access.username === null || !isTokenFault(error)) throw error;
      if (token === given) token = null;
      return await ask((token ??= await authenticate(url, signal)));
    }
  }

  return withToken;
}

function parseReply<Reply>({ status, text }: EtcdReply, schema: z.ZodType<Reply>): Reply {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`it answers with status ${String(status)}, but not as etcd does`, { cause });
  }
  const refusal = errorReply.safeParse(json);
  if (refusal.success) throw new EtcdRefusal(refusal.data.error, refusal.data.code);
  const reply = schema.safeParse(json);
  if (status === 200 && reply.success) return reply.data;
  throw new Error(`it answers with status ${String(status)}, but not as etcd does`, { cause: reply.error });
}

/** A restarted etcd has forgotten the token; changed accounts make it too old. */
function isTokenFault(error: unknown): boolean {
  if (!(error instanceof EtcdRefusal)) return false;
  return error.grpcCode === UNAUTHENTICATED || /invalid auth token|auth store is old/.test(error.message);
}

function codeInside(reason: string): number {
  return reason.includes('Unauthenticated') ? UNAUTHENTICATED : 2;
}

/** Why an endpoint did not do it, for a person. */
export function reasonOf(error: unknown, timeoutMs: number): string {
  if (isSilence(error)) {
    return `no answer within ${String(Math.round(timeoutMs / 100) / 10)} s`;
  }
  // With several addresses behind a name Node says it in the inner errors alone.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return messageOf(error);
}

/** A deadline has passed; anything else broke by itself. */
export function isSilence(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
