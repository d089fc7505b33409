import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { TestbedError } from './errors.ts';

const TIMEOUT_MS = 5_000;

/** Speaks to one etcd from the test, for what a test sets up or looks at itself: `/health`, accounts, keys. */
export class EtcdClient {
  readonly #url: string;
  readonly #caPath: string | undefined;
  #agent: Agent | undefined;

  constructor(url: string, caPath: string | undefined) {
    this.#url = url;
    this.#caPath = caPath;
  }

  /** Whether it has a leader and can commit. */
  async isHealthy(): Promise<boolean> {
    const { status, text } = await this.#send('GET', '/health');
    return status === 200 && text.includes('"true"');
  }

  /**
   * One call of the JSON gateway; int64 are strings and keys are base64, as etcd has them.
   *
   * @throws TestbedError `BAD_REPLY` with etcd's words when the status is not 200.
   */
  async call(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const { status, text } = await this.#send('POST', path, JSON.stringify(body), token);
    if (status !== 200) throw new TestbedError('BAD_REPLY', `etcd answered ${path} with ${status}: ${text.trim()}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #send(method: 'GET' | 'POST', path: string, body?: string, token?: string) {
    this.#agent ??= new Agent({
      keepAliveTimeout: 100,
      connect: this.#caPath === undefined ? {} : { ca: readFileSync(this.#caPath, 'utf8') },
    });
    const reply = await request(`${this.#url}${path}`, {
      method,
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: token === undefined ? {} : { authorization: token },
      ...(body === undefined ? {} : { body }),
    });
    return { status: reply.statusCode, text: await reply.body.text() };
  }
}
