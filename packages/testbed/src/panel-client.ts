import { Client } from 'undici';
import type { Dispatcher } from 'undici';
import { TestbedError } from './errors.ts';
import { waitFor } from './wait-for.ts';

/** A reply: JSON as it was parsed, other bodies as text. `Body` is the caller's claim, not checked here. */
export interface PanelReply<Body = unknown> {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Body;
}

export interface PanelRequestOptions {
  headers?: Record<string, string>;
  /** Default 30 000 ms. */
  timeoutMs?: number;
}

/** Well before the access token's end of 15 minutes. By this machine's clock: the server's may be set wrong by a test. */
const REFRESH_AFTER_MS = 10 * 60_000;

/**
 * A person or a program that uses one server's panel over HTTP (DESIGN §5), by bearer token once it has signed in.
 * The session is refreshed on the way, so that a long test or benchmark stays signed in; one that was ended stays ended.
 * Each request has a connection of its own: one kept from before a cut or a kill would hang, and so would the test.
 */
export class PanelClient {
  readonly url: string;
  readonly #defaultPassword: string | undefined;
  #token: string | undefined;
  #refreshToken: string | undefined;
  #refreshAtMs = Infinity;

  constructor(url: string, defaultPassword?: string) {
    this.url = url;
    this.#defaultPassword = defaultPassword;
  }

  /** What `Authorization: Bearer` carries after `signIn`. */
  get token(): string | undefined {
    return this.#token;
  }

  /**
   * Signs in, by default as the admin, and keeps the token for what follows. A server that has just started is asked
   * again until its database is prepared (503).
   *
   * @throws TestbedError `BAD_REPLY` when the server refuses.
   */
  async signIn(username = 'admin', password = this.#defaultPassword): Promise<this> {
    const reply = await waitFor(() => this.post<{ token?: unknown }>('/api/auth/login', { username, password }), {
      until: (answer) => answer.status !== 503,
      describe: `${this.url} to take a sign-in`,
      deadlineMs: 30_000,
    });
    if (reply.status !== 200 || typeof reply.body.token !== 'string') {
      throw new TestbedError('BAD_REPLY', `${this.url}: "${username}" cannot sign in: ${describeReply(reply)}`);
    }
    this.#refreshToken = refreshTokenOf(reply);
    this.#keep(reply.body.token);
    return this;
  }

  #keep(token: string): void {
    this.#token = token;
    this.#refreshAtMs = performance.now() + REFRESH_AFTER_MS;
  }

  async #refreshIfDue(): Promise<void> {
    if (performance.now() < this.#refreshAtMs || this.#refreshToken === undefined) return;
    // Requests made meanwhile go by the token that there is.
    this.#refreshAtMs = performance.now() + REFRESH_AFTER_MS / 20;
    const headers = { authorization: `Bearer ${this.#refreshToken}` };
    const asked = this.#sendOnce<{ token?: unknown }>('POST', '/api/auth/refresh', {}, { headers });
    // A server that is away just now is met by the request itself, which says so.
    const reply = await asked.catch(() => null);
    if (reply?.status === 200 && typeof reply.body.token === 'string') this.#keep(reply.body.token);
  }

  get<Body = unknown>(path: string, options?: PanelRequestOptions): Promise<PanelReply<Body>> {
    return this.#send('GET', path, undefined, options);
  }

  post<Body = unknown>(path: string, body?: unknown, options?: PanelRequestOptions): Promise<PanelReply<Body>> {
    return this.#send('POST', path, body, options);
  }

  patch<Body = unknown>(path: string, body?: unknown, options?: PanelRequestOptions): Promise<PanelReply<Body>> {
    return this.#send('PATCH', path, body, options);
  }

  delete<Body = unknown>(path: string, body?: unknown, options?: PanelRequestOptions): Promise<PanelReply<Body>> {
    return this.#send('DELETE', path, body, options);
  }

  /**
   * The body of a reply that has to be a success.
   *
   * @throws TestbedError `BAD_REPLY` with what came instead.
   */
  async expectOk<Body>(reply: PanelReply<Body> | Promise<PanelReply<Body>>): Promise<Body> {
    const settled = await reply;
    if (settled.status >= 200 && settled.status < 300) return settled.body;
    throw new TestbedError('BAD_REPLY', `${this.url}: ${describeReply(settled)}`);
  }

  async #send<Body>(
    method: Dispatcher.HttpMethod,
    path: string,
    body: unknown,
    options?: PanelRequestOptions,
  ): Promise<PanelReply<Body>> {
    await this.#refreshIfDue();
    return this.#sendOnce(method, path, body, options);
  }

  async #sendOnce<Body>(
    method: Dispatcher.HttpMethod,
    path: string,
    body: unknown,
    { headers = {}, timeoutMs = 30_000 }: PanelRequestOptions = {},
  ): Promise<PanelReply<Body>> {
    await using client = disposable(new Client(this.url));
    const reply = await client.request({
      method,
      path,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      // Text goes as it is, so that a test can send what is not JSON.
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const isJson = String(reply.headers['content-type']).includes('json');
    const parsed = isJson ? await reply.body.json() : await reply.body.text();
    return { status: reply.statusCode, headers: reply.headers, body: parsed as Body };
  }
}

function disposable(client: Client): Client & AsyncDisposable {
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.destroy() });
}

/** A program that has no cookies sends it as its bearer. */
function refreshTokenOf(reply: PanelReply): string | undefined {
  const cookies = [reply.headers['set-cookie'] ?? []].flat();
  return cookies
    .map((cookie) => /^proxpanel_refresh\w*=([^;]+)/.exec(cookie)?.[1])
    .find((token) => token !== undefined);
}

function describeReply(reply: PanelReply): string {
  return `${reply.status} ${JSON.stringify(reply.body)?.slice(0, 500) ?? ''}`;
}
