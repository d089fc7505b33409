/** For tests: the whole app behind a real listening server, with small fakes at the ports alone. */
import { createHash, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import type { LoginReply } from '@proxpanel/contracts/auth';
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import { onTestFinished } from 'vitest';
import type { NodeFile } from '../cluster/node-file.ts';
import type { NodeFilePort } from '../cluster/ports.ts';
import { VerificationFault, type PeerAuthPort } from '../cluster/peer-ports.ts';
import { Fault } from '../fault.ts';
import { createLogger } from '../log.ts';
import { hashPassword } from '../panel/password.ts';
import { memorySubscribers } from '../panel/memory-subscribers.ts';
import type { ResellerStore, RevocationStore, ServiceStore, StoredUser, UserStore } from '../panel/ports.ts';
import { createRevocations } from '../panel/revocations.ts';
import { createColumnSeal } from '../panel/seal-column.ts';
import { registerAuthRoutes } from '../routes/auth-routes.ts';
import { registerHealthRoutes } from '../routes/health-routes.ts';
import { registerOpenApiRoutes } from '../routes/openapi-routes.ts';
import { registerSubscriberRoutes } from '../routes/subscriber-routes.ts';
import { createApp, type App } from './app.ts';
import type { ForwardedCall } from './call.ts';
import type { RoleView } from './load-balancer.ts';
import { RawReply } from './raw-reply.ts';
import type { WritesView } from './read-only-guard.ts';
import { createRevocationList, type RevocationList } from './revocation-list.ts';
import { startHttpServer, type HttpServer } from './server.ts';
import { createSessions, type Sessions } from './session.ts';

export const PASSWORDS = { admin: 'correct horse battery', reseller: 'resell-them-all' } as const;
const hashes = { admin: hashPassword(PASSWORDS.admin), reseller: hashPassword(PASSWORDS.reseller) };

/** What a test may change while the server runs. */
export interface TestState {
  nowMs: number;
  writes: WritesView;
  role: RoleView;
  isSecondary: boolean;
  databaseFault: Fault | null;
  /** Who is a user, with his role now and whether he may sign in. */
  users: Record<keyof typeof PASSWORDS, Pick<StoredUser, 'role' | 'isActive'> | null>;
  accountsFromMainSince: string | null;
  forwarded: ForwardedCall[];
}

export interface TestApp {
  readonly url: string;
  readonly state: TestState;
  readonly app: App;
  readonly server: HttpServer;
  readonly sessions: Sessions;
  readonly nodeFile: ReturnType<typeof fakeNodeFile>;
  /** What the database holds: the end of each revoked session. */
  readonly revoked: Map<string, number>;
  readonly list: RevocationList;
  readonly logLines: string[];
  signIn(username: keyof typeof PASSWORDS): Promise<string>;
  /** A JSON request; the reply's body is read as text. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
}

export interface AskOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  readonly json: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a test says what it expects of it
}

export function fakeNodeFile(keys: Pick<NodeFile, 'session_signing_key' | 'old_session_signing_keys'>) {
  let file = keys as NodeFile;
  const listeners = new Set<(next: NodeFile) => void>();
  const port: Pick<NodeFilePort, 'get' | 'onChange'> = {
    get: () => file,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    ...port,
    change(next: Partial<NodeFile>) {
      file = { ...file, ...next };
      for (const listener of listeners) listener(file);
    },
  };
}

/** `good` proves membership, `removed` a former one; a reply's signature says what it was made over. */
export const fakePeerAuth: PeerAuthPort = {
  async verify({ token }) {
    if (token === 'removed') {
      throw new VerificationFault('NODE_REMOVED', 'This server was removed.', { jti: 'j-removed', secret: 's' });
    }
    if (token !== 'good') throw new Fault('SECRET_MISMATCH', 'cluster secret mismatch');
    return { nodeId: 2, serverId: null, jti: 'j-good', secret: 's', usedPreviousSecret: false };
  },
  signReply: async (peer, status, body) => signatureOf(peer.jti, status, body),
};

export function signatureOf(jti: string, status: number, body: string): string {
  return `${jti}.${String(status)}.${createHash('sha256').update(body).digest('hex')}`;
}

function startingState(): TestState {
  return {
    nowMs: Date.now(),
    writes: { allowed: true, mainApiUrl: null },
    role: { role: 'standalone', writable: true, streamingSecondary: false },
    isSecondary: false,
    databaseFault: null,
    users: { admin: { role: 'admin', isActive: true }, reseller: { role: 'reseller', isActive: true } },
    accountsFromMainSince: null,
    forwarded: [],
  };
}

/** Revocations are told to nobody and leave no file. */
const noOtherServer = {
  cache: revocationStore(new Map()),
  file: { found: [], save: async () => undefined },
  tellMain: async () => undefined,
};

/** Starts the app on a free port; stopped when the test ends. */
export async function startTestApp(
  options: { readonly webDist?: string; readonly logLevel?: 'trace' } = {},
): Promise<TestApp> {
  const state = startingState();
  const logLines: string[] = [];
  const log = createLogger(options.logLevel ?? 'info', collectInto(logLines));
  const nodeFile = fakeNodeFile({
    session_signing_key: `key-${randomUUID()}-${randomUUID()}`,
    old_session_signing_keys: [],
  });
  const list = createRevocationList(() => state.nowMs);
  const sessions = createSessions({ nodeFile, clock: { nowMs: () => state.nowMs }, revocations: list });
  const revoked = new Map<string, number>();
  const revocations = createRevocations({
    ...noOtherServer,
    list,
    database: revocationStore(revoked),
    mayStore: () => state.writes.allowed,
    nowMs: () => state.nowMs,
    log,
  });
  const app = createApp({
    log,
    sessions,
    peerAuth: fakePeerAuth,
    isSecondary: () => state.isSecondary,
    forwardToMain: async (call) => {
      state.forwarded.push(call);
      return RawReply.json({ from: 'main' });
    },
    webDist: options.webDist ?? '/nonexistent/web/dist',
    isHttps: false,
    writes: () => state.writes,
    roleView: () => state.role,
  });
  registerAuthRoutes(app.register, {
    users: userStore(state),
    sessions,
    revocations,
    accountsFromMainSince: () => state.accountsFromMainSince,
    writes: () => ({ allowed: state.writes.allowed, sentence: '', main_url: state.writes.mainApiUrl }),
    keepsSecrets: false,
  });
  registerSubscriberRoutes(app.register, {
    subscribers: memorySubscribers(() => state.databaseFault),
    services: nothing<ServiceStore>(),
    resellers: nothing<ResellerStore>({ idOf: async () => 7 }),
    seal: createColumnSeal(null),
    nowMs: () => state.nowMs,
  });
  registerHealthRoutes(app.register, app.serveQuickly, { roleView: () => state.role, version: '9.9.9' });
  registerOpenApiRoutes(app.register, { registeredNames: app.registeredNames, version: '9.9.9' });
  const server = await startHttpServer(app.app, { host: '127.0.0.1', port: 0, tls: null });
  onTestFinished(() => server.stop(1_000));
  const url = `http://127.0.0.1:${String(server.address.port)}`;
  const ask = (method: string, path: string, askOptions: AskOptions = {}) => askAt(url + path, method, askOptions);
  return {
    url,
    state,
    app,
    server,
    sessions,
    nodeFile,
    revoked,
    list,
    logLines,
    ask,
    signIn: (name) => signInAt(ask, name),
  };
}

/** Serves every row that has no handler yet with one that says which row it is. */
export function registerRemaining(app: App): void {
  const served = new Set(app.registeredNames());
  for (const name of Object.keys(endpoints) as EndpointName[]) {
    if (served.has(name)) continue;
    const handler = async () => RawReply.json({ served: name });
    app.register(name, handler);
  }
}

async function signInAt(ask: TestApp['ask'], username: keyof typeof PASSWORDS): Promise<string> {
  const answer = await ask('POST', '/api/auth/login', { body: { username, password: PASSWORDS[username] } });
  return (answer.json as LoginReply).token;
}

async function askAt(url: string, method: string, options: AskOptions): Promise<Answer> {
  const { body, token } = options;
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as unknown) : null,
  };
}

function collectInto(lines: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
}

function userStore(state: TestState): UserStore {
  return {
    async findByName(username): Promise<StoredUser | null> {
      if (state.databaseFault !== null) throw state.databaseFault;
      if (username !== 'admin' && username !== 'reseller') return null;
      const user = state.users[username];
      return user === null ? null : { username, ...user, passwordHash: await hashes[username] };
    },
    insert: async () => {
      throw new Fault('DUPLICATE', 'There is such a user.');
    },
    count: async () => 2,
  };
}

function revocationStore(revoked: Map<string, number>): RevocationStore {
  return {
    add: async (added) => {
      for (const { jti, endsAtMs } of added) revoked.set(jti, endsAtMs);
    },
    list: async () => [...revoked].map(([jti, endsAtMs]) => ({ jti, endsAtMs })),
  };
}

/** A port of which only these methods are there: a test that calls another is told so. */
function nothing<Port extends object>(methods: Partial<Port> = {}): Port {
  return new Proxy(methods, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (method === undefined) throw new Error(`This test's port has no ${String(name)}.`);
      return method;
    },
  }) as Port;
}
