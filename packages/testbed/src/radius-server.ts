import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtBffPath } from './bff-process.ts';
import { plainEnvironment } from './command.ts';
import type { CommandResult } from './command.ts';
import type { Daemon } from './daemon.ts';
import { TestbedError } from './errors.ts';
import { reservePort } from './free-port.ts';
import type { TestServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface RadiusAccount {
  username: string;
  password: string;
  /** Default `pap`. */
  method?: 'pap' | 'chap' | 'mschap';
}

/** One real FreeRADIUS beside a server, with the configuration that this server's own command line makes. */
export class RadiusServer {
  readonly server: TestServer;
  readonly port: number;
  readonly accountingPort: number;
  readonly directory: string;
  /** What routers account, until main's database has it. */
  readonly spoolDirectory: string;
  readonly logPath: string;
  #daemon: Daemon | undefined;
  /** Where the log of the last start begins. */
  #logStart = 0;

  constructor(server: TestServer, ports: { authentication: number; accounting: number }) {
    this.server = server;
    this.port = ports.authentication;
    this.accountingPort = ports.accounting;
    this.directory = join(server.directory, 'raddb');
    this.spoolDirectory = join(server.directory, 'radius-spool');
    this.logPath = join(server.directory, 'radius.log');
  }

  /** Writes its configuration, as an admin does on the host, and returns what the command said. */
  async configure(): Promise<string> {
    const { exitCode, stdout, stderr } = await this.runCommand([]);
    if (exitCode !== 0) throw new TestbedError('COMMAND_FAILED', `proxpanel-cluster radius ended: ${stderr}`);
    return stdout;
  }

  /** `proxpanel-cluster radius` with this server's directories and ports, and more words after them. */
  runCommand(words: readonly string[], environment: Record<string, string | undefined> = {}): Promise<CommandResult> {
    const merged = { ...plainEnvironment, ...this.server.bff.environment, ...environment };
    const given = Object.entries(merged).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const places = ['--directory', this.directory, '--spool', this.spoolDirectory];
    const ports = ['--port', String(this.port), '--accounting-port', String(this.accountingPort)];
    const program = [process.execPath, join(dirname(builtBffPath), 'cli.js'), 'radius'];
    return this.server.run([...program, ...places, ...ports, ...words], { environment: Object.fromEntries(given) });
  }

  /**
   * Starts it and waits until it answers. Running already: does nothing.
   *
   * @throws TestbedError `PROCESS_DIED` with the end of its log.
   */
  async start(): Promise<void> {
    if (this.isRunning()) return;
    this.#logStart = this.readLog().length;
    const command = ['freeradius', '-f', '-l', 'stdout', '-d', this.directory];
    this.#daemon = await this.server.startProgram(command, this.logPath);
    const isReady = () =>
      !this.isRunning() || this.readLog().slice(this.#logStart).includes('Ready to process requests');
    await waitFor(isReady, { describe: `FreeRADIUS of ${this.server.name} to be ready`, deadlineMs: 60_000 });
    if (this.isRunning()) return;
    const said = this.readLog().slice(-2_000);
    throw new TestbedError('PROCESS_DIED', `FreeRADIUS of ${this.server.name} ended; its log ends:\n${said}`);
  }

  /** SIGTERM. Not running: does nothing. */
  async stop(): Promise<void> {
    await this.#daemon?.end('SIGTERM');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  isRunning(): boolean {
    return this.#daemon?.isRunning() ?? false;
  }

  readLog(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  /** `radtest`, as a router with this secret on this machine: what it printed, the reply's attributes among it. */
  async radtest(account: RadiusAccount, secret: string): Promise<{ accepted: boolean; output: string }> {
    const { username, password, method = 'pap' } = account;
    const where = `${this.server.address}:${this.port}`;
    // radtest itself puts the password into quotes; the shell's echo runs the backslashes in it, and radclient does twice.
    const quoted = password.replaceAll('\\', '\\'.repeat(8)).replaceAll('"', '\\"');
    const command = ['radtest', '-t', method, username, quoted, where, '1', secret, '0', '127.0.0.1'];
    const result = await this.server.run(command);
    const output = `${result.stdout}\n${result.stderr}`;
    return { accepted: result.exitCode === 0 && output.includes('Received Access-Accept'), output };
  }

  /**
   * `radclient`: each text is one packet's attributes; resolves with how many were answered. Attributes go by standard
   * input, the secret by file. Each is sent up to `attempts` times, 3 s apart.
   */
  async account(packets: readonly string[], secretPath: string, attempts = 5): Promise<number> {
    const where = `${this.server.address}:${this.accountingPort}`;
    const command = ['radclient', '-p', '10', '-r', String(attempts), '-t', '3', '-s', '-S', secretPath, where, 'acct'];
    const { stdout } = await this.server.run(command, { input: `${packets.join('\n\n')}\n` });
    return Number(/Accepted\s*:\s*(\d+)/.exec(stdout)?.[1] ?? '0');
  }
}

/** A FreeRADIUS for this server on free ports, configured and started. Its end is the workspace's. */
export async function startRadius(server: TestServer): Promise<RadiusServer> {
  const reserve = async () => {
    const reservation = await reservePort();
    server.recordReservation(reservation);
    return reservation.value;
  };
  const radius = new RadiusServer(server, { authentication: await reserve(), accounting: await reserve() });
  await radius.configure();
  await radius.start();
  return radius;
}
