import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from './command.ts';
import { startDaemon } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { TestbedError } from './errors.ts';
import { EtcdClient } from './etcd-server-client.ts';
import { enableEtcdAuthentication, makeEtcdCertificates } from './etcd-server-setup.ts';
import type { EtcdAccount, EtcdTls } from './etcd-server-setup.ts';
import { reservePort } from './free-port.ts';
import type { Host } from './hosts.ts';
import { loopback } from './placement.ts';
import type { Placement } from './placement.ts';
import { waitFor } from './wait-for.ts';
import { openWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

export interface StartEtcdOptions {
  /** Names it in messages and its directory below the workspace. Default `etcd`. */
  name?: string;
  /** Default: a workspace of its own, gone with the server's `dispose`. */
  workspace?: Workspace;
  /** Hosts mode: where it runs, on port 2379. Default: the loopback, on reserved free ports. */
  host?: Host;
  /** Only an account that is made for the servers may use it. */
  authentication?: boolean;
  /** https alone, by a certificate authority of its own. */
  tls?: boolean;
}

interface EtcdSetup {
  name: string;
  directory: string;
  clientPort: number;
  peerPort: number;
  host: Host | undefined;
  /** Of the whole etcd cluster: name=peer URL, comma separated. */
  initialCluster: string;
  account: EtcdAccount | undefined;
  tls: EtcdTls | undefined;
}

/** One real etcd: a member of a cluster of one, or of `startEtcdCluster`'s. */
export class EtcdServer {
  readonly name: string;
  /** The address by which servers dial it. */
  readonly address: string;
  readonly port: number;
  /** Present in hosts mode. */
  readonly host: Host | undefined;
  /** What servers call: an ARBITER_URL. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly caPath: string | null;
  readonly logPath: string;
  /** Reaches it from the test whatever is cut. */
  readonly client: EtcdClient;
  readonly #setup: EtcdSetup;
  readonly #placement: Placement;
  readonly #workspace: Workspace;
  readonly #ownsWorkspace: boolean;
  #daemon: Daemon | undefined;

  constructor(setup: EtcdSetup, workspace: Workspace, ownsWorkspace: boolean) {
    this.#setup = setup;
    this.#placement = setup.host ?? loopback;
    this.#workspace = workspace;
    this.#ownsWorkspace = ownsWorkspace;
    this.name = setup.name;
    this.address = this.#placement.address;
    this.port = setup.clientPort;
    this.host = setup.host;
    this.url = this.#urlOn(this.address);
    this.username = setup.account?.username ?? null;
    this.password = setup.account?.password ?? null;
    this.caPath = setup.tls?.caPath ?? null;
    this.logPath = join(setup.directory, 'etcd.log');
    this.client = new EtcdClient(this.#urlOn(setup.host?.managementAddress ?? this.address), setup.tls?.caPath);
  }

  /** DESIGN §4's variables for a server that is to use it. */
  get environment(): Record<string, string> {
    return {
      ARBITER_URL: this.url,
      ...(this.username === null ? {} : { ARBITER_USERNAME: this.username }),
      ...(this.password === null ? {} : { ARBITER_PASSWORD: this.password }),
      ...(this.caPath === null ? {} : { ARBITER_CA_PATH: this.caPath }),
    };
  }

  /**
   * Starts it and waits until it can commit. Running already: does nothing.
   *
   * @throws TestbedError `PROCESS_DIED` with the end of its log.
   */
  async start(): Promise<void> {
    if (this.isRunning()) return;
    this.#daemon = await startDaemon(this.#placement.wrap(['etcd', ...this.#arguments()]), {
      name: `etcd "${this.name}"`,
      workspace: this.#workspace,
      cwd: this.#setup.directory,
      // Debian's 3.4 asks for this word on ARM, and minds it elsewhere.
      environment: { ...plainEnvironment, ...(process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {}) },
      logPath: this.logPath,
    });
    await this.#waitUntilReady();
  }

  /** Ends it as an admin does (SIGTERM). Not running: does nothing. */
  async stop(): Promise<void> {
    this.#daemon?.signal('SIGCONT');
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

  /** SIGSTOP: from then on it holds its connections and answers nothing. */
  pause(): Promise<void> {
    return this.#running().pause();
  }

  /** SIGCONT. */
  resume(): void {
    this.#running().signal('SIGCONT');
  }

  /** Loses all its data, as on a new disk, and comes back with the same configuration (and account, where it had one). */
  async forget(): Promise<void> {
    await this.kill();
    await rm(join(this.#setup.directory, 'data'), { recursive: true });
    await this.start();
    await this.setUpAccount();
  }

  /** Once, on an empty etcd. */
  async setUpAccount(): Promise<void> {
    if (this.#setup.account) await enableEtcdAuthentication(this.client, this.#setup.account);
  }

  isRunning(): boolean {
    return this.#daemon?.isRunning() ?? false;
  }

  readLog(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  /** Ends it. Its files go at once when it had a workspace of its own, else with the workspace. */
  async dispose(): Promise<void> {
    await this.client.close();
    if (this.#ownsWorkspace) await this.#workspace.dispose();
    else await this.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #urlOn(address: string): string {
    return `${this.#setup.tls ? 'https' : 'http'}://${address}:${this.#setup.clientPort}`;
  }

  #arguments(): string[] {
    const { name, directory, peerPort, tls, initialCluster } = this.#setup;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    const options: Record<string, string> = {
      name,
      logger: 'zap',
      'data-dir': join(directory, 'data'),
      'listen-client-urls': this.#urlOn(this.host ? '0.0.0.0' : this.address),
      'advertise-client-urls': this.url,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': initialCluster,
      ...(tls ? { 'cert-file': tls.certPath, 'key-file': tls.keyPath } : {}),
    };
    return Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  }

  #running(): Daemon {
    if (this.#daemon?.isRunning()) return this.#daemon;
    throw new TestbedError('PROCESS_DIED', `etcd "${this.name}" does not run`);
  }

  async #waitUntilReady(): Promise<void> {
    await waitFor(async () => (this.isRunning() ? this.client.isHealthy() : 'it ended'), {
      describe: `etcd "${this.name}" to be healthy`,
      deadlineMs: 60_000,
    });
    if (this.isRunning()) return;
    throw new TestbedError('PROCESS_DIED', `etcd "${this.name}" ended; its log ends:\n${this.readLog().slice(-2_000)}`);
  }
}

/** Makes a new etcd and starts it. Takes about 2 s, most of it etcd's first election. */
export async function startEtcd(options: StartEtcdOptions = {}): Promise<EtcdServer> {
  const workspace = options.workspace ?? (await openWorkspace());
  try {
    const name = options.name ?? 'etcd';
    const [clientPort, peerPort] = options.host ? [2379, 2380] : await reservePorts(workspace);
    const initialCluster = `${name}=http://127.0.0.1:${peerPort}`;
    const setup = await makeSetup(workspace, { ...options, name }, { clientPort, peerPort, initialCluster });
    const etcd = new EtcdServer(setup, workspace, options.workspace === undefined);
    await etcd.start();
    await etcd.setUpAccount();
    return etcd;
  } catch (error) {
    if (!options.workspace) await workspace.dispose();
    throw error;
  }
}

/** A cluster of so many members on the loopback: with half of them stopped it has no quorum. */
export async function startEtcdCluster(workspace: Workspace, size: number): Promise<EtcdServer[]> {
  const names = Array.from({ length: size }, (_, index) => `etcd-${index + 1}`);
  const ports = await Promise.all(names.map(() => reservePorts(workspace)));
  const initialCluster = names.map((name, index) => `${name}=http://127.0.0.1:${ports[index]?.[1]}`).join(',');
  const members = await Promise.all(
    ports.map(async ([clientPort, peerPort], index) => {
      const name = names[index] ?? '';
      return new EtcdServer(
        await makeSetup(workspace, { name }, { clientPort, peerPort, initialCluster }),
        workspace,
        false,
      );
    }),
  );
  // None is ready before most are.
  await Promise.all(members.map((member) => member.start()));
  return members;
}

async function makeSetup(
  workspace: Workspace,
  options: StartEtcdOptions & { name: string },
  network: Pick<EtcdSetup, 'clientPort' | 'peerPort' | 'initialCluster'>,
): Promise<EtcdSetup> {
  const { name, host } = options;
  const directory = workspace.makeDirectory(`${name}/etcd`);
  const addresses = host ? [host.address, host.managementAddress, '127.0.0.1'] : ['127.0.0.1'];
  return {
    ...network,
    name,
    directory,
    host,
    account: options.authentication ? { username: 'panel', password: randomBytes(12).toString('hex') } : undefined,
    tls: options.tls ? await makeEtcdCertificates(directory, addresses) : undefined,
  };
}

async function reservePorts(workspace: Workspace): Promise<[client: number, peer: number]> {
  const reserve = async () => {
    const reservation = await reservePort();
    workspace.recordReservation(reservation);
    return reservation.value;
  };
  return [await reserve(), await reserve()];
}
