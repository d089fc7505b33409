import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BffProcess } from './bff-process.ts';
import type { BffEnvironment } from './bff-process.ts';
import { plainEnvironment, run } from './command.ts';
import type { CommandResult, RunOptions } from './command.ts';
import { startDaemon } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import type { Reservation } from './free-port.ts';
import type { Host } from './hosts.ts';
import { PanelClient } from './panel-client.ts';
import { loopback } from './placement.ts';
import type { Placement } from './placement.ts';
import { startPostgres } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';
import type { Workspace } from './workspace.ts';

export interface ServerPorts {
  bff: number;
  postgres: number;
  redis: number;
}

export interface MakeServerOptions {
  name: string;
  workspace: Workspace;
  ports: ServerPorts;
  /** Present in hosts mode. */
  host?: Host;
  superuserPassword: string;
  adminPassword: string;
  /** Over the defaults of `defaultEnvironment`; undefined takes one away. */
  environment?: Record<string, string | undefined>;
  postgresSettings?: Record<string, string | number | boolean>;
  postgresFsync?: boolean;
  redisAppendOnly?: boolean;
  /** What runs at once. Default: all. */
  start?: { postgres?: boolean; redis?: boolean; bff?: boolean };
  /** Another build of the BFF. */
  bffMainPath?: string;
}

/** One panel server: PostgreSQL, Redis and BFF with directories and addresses of its own. */
export class TestServer {
  readonly name: string;
  /** Parent of all its files. */
  readonly directory: string;
  readonly stateDirectory: string;
  readonly uploadsDirectory: string;
  readonly scriptDirectory: string;
  readonly ports: ServerPorts;
  /** Present in hosts mode. */
  readonly host: Host | undefined;
  /** What other servers and, as long as nothing is cut, browsers call: DESIGN §4's NODE_API_URL. */
  readonly url: string;
  /** Reaches the BFF from the test whatever is cut; the same as `url` in ports mode. */
  readonly managementUrl: string;
  readonly adminPassword: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly bff: BffProcess;
  readonly #workspace: Workspace;
  readonly #placement: Placement;

  constructor(options: MakeServerOptions, postgres: PostgresServer, redis: RedisServer) {
    const directory = join(options.workspace.directory, options.name);
    this.name = options.name;
    this.directory = directory;
    this.stateDirectory = join(directory, 'state');
    this.uploadsDirectory = join(directory, 'uploads');
    this.scriptDirectory = join(directory, 'scripts');
    this.ports = options.ports;
    this.host = options.host;
    this.adminPassword = options.adminPassword;
    this.postgres = postgres;
    this.redis = redis;
    this.#workspace = options.workspace;
    this.#placement = options.host ?? loopback;
    const port = options.ports.bff === 80 ? '' : `:${options.ports.bff}`;
    this.url = `http://${this.#placement.address}${port}`;
    this.managementUrl = options.host ? `http://${options.host.managementAddress}${port}` : this.url;
    this.bff = new BffProcess({
      name: options.name,
      workspace: options.workspace,
      directory,
      environment: this.#environment(options),
      url: this.managementUrl,
      placement: this.#placement,
      ...(options.bffMainPath === undefined ? {} : { mainPath: options.bffMainPath }),
    });
  }

  /** The address by which other servers dial it. */
  get address(): string {
    return this.#placement.address;
  }

  /** A client of this server's panel that has not signed in; `signIn()` without arguments is the admin. */
  panel(): PanelClient {
    return new PanelClient(this.managementUrl, this.adminPassword);
  }

  /** Runs a program on this server, as the one who runs its BFF, and returns how it ended. */
  run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return run(this.#placement.wrap(command), { cwd: this.directory, ...options });
  }

  /** Gives a port back once all of this server is gone. */
  recordReservation(reservation: Reservation<unknown>): void {
    this.#workspace.recordReservation(reservation);
  }

  /** Starts a program on this server that the test will signal, such as a script that is to be killed half-way. */
  startProgram(command: readonly string[], logPath: string): Promise<Daemon> {
    return startDaemon(this.#placement.wrap(command), {
      name: `"${command.join(' ')}" on ${this.name}`,
      workspace: this.#workspace,
      cwd: this.directory,
      environment: plainEnvironment,
      logPath,
    });
  }

  /**
   * Waits until an admin can sign in. The BFF answers /health before its database is prepared (DESIGN §3), and until
   * then nobody has an account.
   */
  async waitUntilUsable(deadlineMs = 60_000): Promise<void> {
    await this.bff.waitUntilReady(deadlineMs);
    await waitFor(() => this.postgres.query("SELECT 1 FROM users WHERE username = 'admin'"), {
      describe: `the admin's account on ${this.name}`,
      until: (rows) => rows.length > 0,
      deadlineMs,
    });
  }

  /** A power cut: SIGKILL to everything of it that is known, the database first. */
  async kill(): Promise<void> {
    await Promise.all([this.postgres.kill(), this.redis.kill(), this.bff.kill()]);
  }

  /** Starts what does not run, and waits until all of it serves. */
  async start(): Promise<void> {
    await Promise.all([this.postgres.start(), this.redis.start()]);
    await this.bff.start();
    await this.bff.waitUntilReady();
  }

  #environment(options: MakeServerOptions): BffEnvironment {
    const merged = Object.entries({ ...defaultEnvironment(this), ...options.environment });
    return Object.fromEntries(merged.filter((pair): pair is [string, string] => pair[1] !== undefined));
  }
}

/** DESIGN §4's variables for one server, with timers that let a test see in seconds what takes minutes in a cluster. */
export function defaultEnvironment(server: TestServer): Record<string, string> {
  return {
    HOST: server.host ? '0.0.0.0' : '127.0.0.1',
    PORT: String(server.ports.bff),
    // Its own database is always next door: a cut network must not take it away.
    DATABASE_URL: server.postgres.url('proxpanel', '127.0.0.1'),
    REDIS_URL: server.redis.url('127.0.0.1'),
    STATE_DIR: server.stateDirectory,
    NODE_ADDRESS: server.address,
    NODE_POSTGRES_PORT: String(server.ports.postgres),
    NODE_REDIS_PORT: String(server.ports.redis),
    ADMIN_PASSWORD: server.adminPassword,
    UPLOADS_DIR: server.uploadsDirectory,
    SCRIPT_DIR: server.scriptDirectory,
    POSTGRES_CONTROL: `pg_ctl:${server.postgres.dataDirectory}`,
    PANEL_ENCRYPTION_KEY: 'a0'.repeat(32),
    HEARTBEAT_INTERVAL_MS: '1000',
    PROBE_INTERVAL_MS: '1000',
    LATE_AFTER_MS: '3000',
    OFFLINE_AFTER_MS: '6000',
    FAILOVER_AFTER_MS: '6000',
    // Tests say who becomes main, and when; those of automatic failover switch it on.
    AUTO_FAILOVER: 'false',
  };
}

/** Makes the server's directories and databases, and starts what `start` asks for. */
export async function makeServer(options: MakeServerOptions): Promise<TestServer> {
  const { name, workspace, ports, start = {} } = options;
  workspace.makeDirectory(name);
  const common = { name, workspace, ...(options.host ? { placement: options.host } : {}) };
  const [postgres, redis] = await Promise.all([
    startPostgres({
      ...common,
      port: ports.postgres,
      superuserPassword: options.superuserPassword,
      start: start.postgres ?? true,
      ...(options.postgresSettings === undefined ? {} : { settings: options.postgresSettings }),
      ...(options.postgresFsync === undefined ? {} : { fsync: options.postgresFsync }),
    }),
    startRedis({
      ...common,
      port: ports.redis,
      start: start.redis ?? true,
      appendOnly: options.redisAppendOnly ?? false,
    }),
  ]);
  const server = new TestServer(options, postgres, redis);
  await mkdir(server.stateDirectory, { mode: 0o700 });
  await mkdir(server.uploadsDirectory);
  await mkdir(server.scriptDirectory);
  if (start.bff ?? true) {
    await server.bff.start();
    // Without its database it serves, and nobody can have an account.
    await ((start.postgres ?? true) ? server.waitUntilUsable() : server.bff.waitUntilReady());
  }
  return server;
}
