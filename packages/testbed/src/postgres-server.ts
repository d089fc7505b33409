import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { runChecked } from './command.ts';
import { makePostgresCluster } from './postgres-files.ts';
import type { PostgresFiles } from './postgres-files.ts';
import { reservePort } from './free-port.ts';
import { loopback, postgresAccount } from './placement.ts';
import type { Account, Placement } from './placement.ts';
import { findPostmaster, forgetDeadPostmaster } from './postmaster.ts';
import { isAlive, signalProcess, withDescendants } from './processes.ts';
import { QueryConnections } from './query-connections.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

export interface StartPostgresOptions {
  /** Names the server in messages and its directory below the workspace. Default `postgres`. */
  name?: string;
  /** Where its files live and who removes them. Default: a workspace of its own, gone with the server's `dispose`. */
  workspace?: Workspace;
  placement?: Placement;
  /** Default: a reserved free port. */
  port?: number;
  /** Default: random. Servers that will be cloned from one another need the same one: a clone takes its main's accounts. */
  superuserPassword?: string;
  /** Extra lines of postgresql.conf. Everything that is not named here stays at PostgreSQL's own default. */
  settings?: Record<string, string | number | boolean>;
  /** Default off, for speed: a test kills processes, not the kernel. */
  fsync?: boolean;
  /** Extra lines of pg_hba.conf. Replication is open to nobody: opening it is the product's job (DESIGN §6). */
  hbaLines?: readonly string[];
  /** Default: PostgreSQL 15's of Debian. */
  binDirectory?: string;
  /** Default true. */
  start?: boolean;
}

export interface QueryOptions {
  /** Default `proxpanel`. */
  database?: string;
  /** For connecting and for each statement. Default 20 000 ms. */
  timeoutMs?: number;
}

interface PostgresSurroundings {
  placement: Placement;
  account: Account;
  workspace: Workspace;
  ownsWorkspace: boolean;
}

/** One real PostgreSQL. Others may stop it, replace its data directory and start it again: it is found by its files. */
export class PostgresServer {
  readonly name: string;
  /** The address by which others dial it. */
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly logPath: string;
  readonly binDirectory: string;
  readonly superuser: { readonly user: 'postgres'; readonly password: string };
  readonly #placement: Placement;
  readonly #account: Account;
  readonly #directory: string;
  readonly #workspace: Workspace;
  readonly #ownsWorkspace: boolean;
  readonly #connections: QueryConnections;

  constructor(files: PostgresFiles, { placement, account, workspace, ownsWorkspace }: PostgresSurroundings) {
    this.name = files.name;
    this.host = placement.address;
    this.port = files.port;
    this.#directory = files.directory;
    this.dataDirectory = files.dataDirectory;
    this.socketDirectory = files.socketDirectory;
    this.logPath = files.logPath;
    this.binDirectory = files.binDirectory;
    this.superuser = { user: 'postgres', password: files.superuserPassword };
    this.#placement = placement;
    this.#account = account;
    this.#workspace = workspace;
    this.#ownsWorkspace = ownsWorkspace;
    this.#connections = new QueryConnections(files);
  }

  /** The superuser's connection URL; `host` is how the caller dials it (default: as other servers do). */
  url(database = 'proxpanel', host = this.host): string {
    return `postgresql://postgres:${encodeURIComponent(this.superuser.password)}@${host}:${this.port}/${database}`;
  }

  /**
   * Starts it and waits until it takes connections. Nothing is given on the command line, since the product refuses
   * servers whose settings stand there (SAFETY §1). Running already: does nothing.
   *
   * @throws TestbedError `COMMAND_FAILED` with the end of the log.
   */
  async start(timeoutMs = 60_000): Promise<void> {
    this.#workspace.assertOpen();
    if (this.isRunning()) return;
    try {
      await this.#pgCtl(['start', '--wait', `--timeout=${timeoutMs / 1000}`, `--log=${this.logPath}`], timeoutMs);
    } catch (error) {
      throw new Error(`PostgreSQL "${this.name}" did not start; its log ends:\n${this.readLog().slice(-2_000)}`, {
        cause: error,
      });
    }
  }

  /** Shuts it down: `fast` as an admin does, `immediate` without a checkpoint. Not running: does nothing. */
  async stop(mode: 'fast' | 'immediate' = 'fast', timeoutMs = 60_000): Promise<void> {
    if (!this.isRunning()) return;
    await this.#pgCtl(['stop', `--mode=${mode}`, '--wait', `--timeout=${timeoutMs / 1000}`], timeoutMs);
  }

  /** SIGKILL to the postmaster and its children, as the kernel's OOM killer or a power cut would; waits until all are gone. */
  async kill(): Promise<void> {
    const postmaster = findPostmaster(this.dataDirectory);
    if (!postmaster) return;
    const family = withDescendants(postmaster);
    for (const member of family) signalProcess(member, 'SIGKILL');
    // A child that was born in between notices the postmaster's death by itself and ends.
    await waitFor(() => !family.some(isAlive), { describe: `PostgreSQL "${this.name}" to die` });
    await forgetDeadPostmaster(this.dataDirectory, postmaster);
  }

  /** Whether a postmaster works in the data directory, whoever started it; it may still refuse connections. */
  isRunning(): boolean {
    return findPostmaster(this.dataDirectory) !== undefined;
  }

  /**
   * Runs SQL as superuser over the Unix socket: a cut network does not matter. Several statements may be given when there
   * are no parameters; the rows are the last one's. What is not a SELECT alone has a connection of its own.
   */
  async query<Row extends object = Record<string, unknown>>(
    sql: string,
    params: readonly unknown[] = [],
    { database = 'proxpanel', timeoutMs = 20_000 }: QueryOptions = {},
  ): Promise<Row[]> {
    return this.#connections.query<Row>(sql, params, { database, timeoutMs });
  }

  /** `pg_is_in_recovery()`: true on a standby. */
  async isInRecovery(): Promise<boolean> {
    const [row] = await this.query<{ in_recovery: boolean }>('SELECT pg_is_in_recovery() AS in_recovery', [], {
      database: 'postgres',
    });
    return row?.in_recovery === true;
  }

  readLog(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  /** Runs one of PostgreSQL's own programs beside the server, as the user that it runs as. */
  async runProgram(program: string, args: readonly string[], timeoutMs = 60_000): Promise<string> {
    const command = this.#account.wrap([join(this.binDirectory, program), ...args]);
    const options = { cwd: this.#directory, timeoutMs: timeoutMs + 5_000 };
    return (await runChecked(this.#placement.wrap(command), options)).stdout;
  }

  /** Stops it. Its files go at once when it had a workspace of its own, else with the workspace. */
  async dispose(): Promise<void> {
    this.#connections.close();
    if (this.#ownsWorkspace) await this.#workspace.dispose();
    else await this.stop('immediate');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #pgCtl(args: readonly string[], timeoutMs: number): Promise<void> {
    const [action, ...rest] = args;
    await this.runProgram('pg_ctl', [action ?? 'status', `--pgdata=${this.dataDirectory}`, ...rest], timeoutMs);
  }
}

/** Makes a new PostgreSQL 15 with an empty database `proxpanel` and starts it. Takes about a second. */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const workspace = options.workspace ?? (await openWorkspace());
  try {
    const account = postgresAccount();
    const placement = options.placement ?? loopback;
    let port = options.port;
    if (port === undefined) {
      const reservation = await reservePort();
      workspace.recordReservation(reservation);
      port = reservation.value;
    }
    const files = await makePostgresCluster({ ...options, workspace, port, placement, account });
    const server = new PostgresServer(files, { placement, account, workspace, ownsWorkspace: !options.workspace });
    await server.start();
    await makeOwn(server);
    if (options.start === false) await server.stop();
    return server;
  } catch (error) {
    if (!options.workspace) await workspace.dispose();
    throw error;
  }
}

/** Its database and its superuser's password; a server that was copied from a template has the one and not the other. */
async function makeOwn(server: PostgresServer): Promise<void> {
  const inPostgres = { database: 'postgres' };
  const there = await server.query("SELECT FROM pg_database WHERE datname = 'proxpanel'", [], inPostgres);
  if (there.length === 0) await server.query('CREATE DATABASE proxpanel', [], inPostgres);
  else
    await server.query(`ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(server.superuser.password)}`, [], inPostgres);
}
