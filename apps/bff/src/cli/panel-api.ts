/** The panel's own HTTP API, called by an admin of this host: the same calls, checks and refusals as the page's. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Endpoint } from '@proxpanel/contracts/endpoint';
import { endpoints, type BodyInputOf, type EndpointName, type ReplyOf } from '@proxpanel/contracts/endpoints';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import { z } from 'zod';
import { Fault } from '../fault.ts';
import { issueToken } from '../http/session.ts';
import type { HttpReply, PeerHttp } from '../peer/peer-http.ts';

/** For the one request that it is made for. */
const tokenLifetimeMs = 60_000;
/** A demotion of a large database, and a promotion's checks of servers that do not answer, take their time. */
const defaultTimeoutMs = 130_000;

export interface CallOptions<Name extends EndpointName> {
  readonly body?: BodyInputOf<Name>;
  /** The `:name` parts of the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface PanelApi {
  /** The panel's own refusal as it is; MAIN_UNREACHABLE and its like when the panel does not answer. */
  call<Name extends EndpointName>(name: Name, options?: CallOptions<Name>): Promise<ReplyOf<Name>>;
}

export interface ApiAccess {
  readonly http: PeerHttp;
  readonly baseUrl: string;
  readonly stateDir: string;
  readonly actor: string;
}

export function createPanelApi({ http, baseUrl, stateDir, actor }: ApiAccess): PanelApi {
  return {
    async call(name, options = {}) {
      const endpoint: Endpoint = endpoints[name];
      const path = endpoint.path.replace(/:(\w+)/g, (_, key: string) =>
        encodeURIComponent(options.params?.[key] ?? ''),
      );
      const body = endpoint.body === undefined ? undefined : JSON.stringify(options.body ?? {});
      const reply = await http.request({
        apiUrl: baseUrl,
        path,
        method: endpoint.method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${await ownToken(stateDir, actor)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body,
        timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      });
      return readReply(endpoint, reply) as ReplyOf<typeof name>;
    },
  };
}

/** Signed with this server's own key, which is read anew each time: joining a cluster replaces it. */
async function ownToken(stateDir: string, actor: string): Promise<string> {
  const path = join(stateDir, 'node.json');
  const key = z.object({ session_signing_key: z.string() });
  let signingKey: string;
  try {
    signingKey = key.parse(JSON.parse(await readFile(path, 'utf8'))).session_signing_key;
  } catch {
    // What a parser says may quote the file, which holds every secret of the cluster.
    throw new Fault('HOST_FAULT', `${path} cannot be read, and with it this server's key.`);
  }
  const user = { username: actor, role: 'admin' } as const;
  return (await issueToken(user, signingKey, { nowMs: Date.now(), lifetimeMs: tokenLifetimeMs })).token;
}

function readReply(endpoint: Endpoint, { status, body }: HttpReply): unknown {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    throw notPanels(endpoint);
  }
  if (status >= 200 && status < 300) {
    const reply = endpoint.reply?.safeParse(json);
    if (reply?.success === true) return reply.data;
    throw notPanels(endpoint);
  }
  const refusal = errorReplySchema.safeParse(json);
  if (!refusal.success) throw notPanels(endpoint);
  const { error, code, field, reasons } = refusal.data;
  throw new Fault(code, error, {
    ...(field === undefined ? {} : { field }),
    ...(reasons === undefined ? {} : { reasons }),
  });
}

function notPanels({ method, path }: Endpoint): Fault {
  return new Fault('BAD_REPLY', `What answered ${method} ${path} is no panel of this version.`);
}
