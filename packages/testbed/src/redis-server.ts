import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { plainEnvironment } from './command.ts';
import { startDaemon } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { TestbedError } from './errors.ts';
import { reservePort } from './free-port.ts';
import { loopback } from './placement.ts';
import type { Placement } from './placement.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

export interface StartRedisOptions {
  /** Names the server in messages and its directory below the workspace. Default `redis`. */
  name?: string;
  /** Default: a workspace of its own, gone with the server's `dispose`. */
  workspace?: Workspace;
  placement?: Placement;
  /** Default: a reserved free port. */
  port?: number;
  /** Default: random. */
  password?: string;
  /** Whether its data outlives a kill. Default false: nothing is written, a restart comes up empty. */
  appendOnly?: boolean;
  /** Extra lines of redis.conf. */
  settings?: Record<string, string | number>;
  /** Default true. */
  start?: boolean;
}

interface RedisPaths {
  name: string;
  port: number;
  password: string;
  directory: string;
  configPath: string;
  socketPath: string;
  logPath: string;
}

/** One real Redis with a configuration file of its own, so that CONFIG REWRITE works, and a password. */
export class RedisServer {
  readonly name: string;
  /** The address by which others dial it. */
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly #paths: RedisPaths;
  readonly #placement: Placement;
  readonly #workspace: Workspace;
  readonly #ownsWorkspace: boolean;
  #daemon: Daemon | undefined;

  constructor(paths: RedisPaths, placement: Placement, workspace: Workspace, ownsWorkspace: boolean) {
    this.name = paths.name;
    this.host = placement.address;
    this.port = paths.port;
    this.password = paths.password;
    this.configPath = paths.configPath;
    this.logPath = paths.logPath;
    this.#paths = paths;
    this.#placement = placement;
    this.#workspace = workspace;
    this.#ownsWorkspace = ownsWorkspace;
  }

  /** The connection URL; `host` is how the caller dials it (default: as other servers do). */
  url(host = this.host): string {
    return `redis://:${encodeURIComponent(this.password)}@${host}:${this.port}`;
  }

  /**
   * Starts it and waits until it answers. Running already: does nothing.
   *
   * @throws TestbedError `PROCESS_DIED` with the end of its log.
   */
  async start(): Promise<void> {
    if (this.isRunning()) return;
    this.#daemon = await startDaemon(this.#placement.wrap(['redis-server', this.configPath]), {
      name: `Redis "${this.name}"`,
      workspace: this.#workspace,
      cwd: this.#paths.directory,
      environment: plainEnvironment,
      logPath: this.logPath,
    });
    await this.#waitUntilReady();
  }

  /** Ends it as an admin does (SIGTERM; with `appendOnly` its data is saved). Not running: does nothing. */
  async stop(): Promise<void> {
    await this.#daemon?.end('SIGTERM');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  isRunning(): boolean {
    return this.#daemon?.isRunning() ?? false;
  }

  /** A connected client over the Unix socket: a cut network does not matter. It never reconnects; the caller disconnects it. */
  async client(): Promise<Redis> {
    const client = new Redis({
      path: this.#paths.socketPath,
      password: this.password,
      lazyConnect: true,
      connectTimeout: 10_000,
      commandTimeout: 20_000,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // The failing call itself reports it; without a listener ioredis writes to the console.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Sends one command on a connection of its own and returns the reply. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = await this.client();
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  readLog(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  /** Ends it. Its files go at once when it had a workspace of its own, else with the workspace. */
  async dispose(): Promise<void> {
    if (this.#ownsWorkspace) await this.#workspace.dispose();
    else await this.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #waitUntilReady(): Promise<void> {
    await waitFor(
      async () => {
        if (!this.isRunning()) return 'dead';
        return (await this.command('PING')) === 'PONG';
      },
      { describe: `Redis "${this.name}" to answer`, intervalMs: 10 },
    );
    if (this.isRunning()) return;
    throw new TestbedError(
      'PROCESS_DIED',
      `Redis "${this.name}" ended; its log ends:\n${this.readLog().slice(-1_000)}`,
    );
  }
}

/** Makes a new Redis 7 and starts it. Takes about 50 ms. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const workspace = options.workspace ?? (await openWorkspace());
  try {
    const placement = options.placement ?? loopback;
    const paths = await writeRedisFiles(workspace, placement, options);
    const server = new RedisServer(paths, placement, workspace, options.workspace === undefined);
    if (options.start !== false) await server.start();
    return server;
  } catch (error) {
    if (!options.workspace) await workspace.dispose();
    throw error;
  }
}

async function writeRedisFiles(
  workspace: Workspace,
  placement: Placement,
  options: StartRedisOptions,
): Promise<RedisPaths> {
  const name = options.name ?? 'redis';
  const directory = workspace.makeDirectory(`${name}/redis`);
  let port = options.port;
  if (port === undefined) {
    const reservation = await reservePort();
    workspace.recordReservation(reservation);
    port = reservation.value;
  }
  const paths: RedisPaths = {
    name,
    port,
    directory,
    password: options.password ?? randomBytes(12).toString('hex'),
    configPath: join(directory, 'redis.conf'),
    socketPath: join(directory, 'redis.sock'),
    logPath: join(directory, 'redis.log'),
  };
  const settings: Record<string, string | number> = {
    bind: placement.listenAddress,
    port,
    dir: directory,
    unixsocket: paths.socketPath,
    unixsocketperm: 700,
    // By file, never by argument: arguments can be read by every user of the machine.
    requirepass: paths.password,
    save: '""',
    appendonly: options.appendOnly ? 'yes' : 'no',
    // The default waits 5 s for further replicas before each first synchronisation.
    'repl-diskless-sync-delay': 0,
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  await writeFile(paths.configPath, `${lines.join('\n')}\n`, { mode: 0o600 });
  return paths;
}
