import { randomBytes } from 'node:crypto';
import { TestbedError } from './errors.ts';
import { startEtcd } from './etcd-server.ts';
import type { EtcdServer, StartEtcdOptions } from './etcd-server.ts';
import { reservePort } from './free-port.ts';
import { openHostNetwork } from './hosts.ts';
import type { Host, HostNetwork } from './hosts.ts';
import { makeServer } from './server.ts';
import type { MakeServerOptions, ServerPorts, TestServer } from './server.ts';
import { openWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

export interface TestbedOptions {
  /**
   * `ports`: all servers on 127.0.0.1, each with its own ports. `hosts` (root): each in a network namespace of its own
   * with its own address and the standard ports 5432, 6379 and 80.
   */
  mode?: 'ports' | 'hosts';
  /** Leave the directory, with all logs and data, in place at the end. */
  keep?: boolean;
}

export type AddServerOptions = Pick<
  MakeServerOptions,
  'environment' | 'postgresSettings' | 'postgresFsync' | 'redisAppendOnly' | 'start' | 'bffMainPath'
> & {
  adminPassword?: string;
  /** Ports mode: taken when free. */
  preferredBffPort?: number;
};

/** What has a network of its own in hosts mode: a server, or an arbiter. */
export type Machine = Pick<TestServer, 'name' | 'address' | 'host'>;

/** Some servers that can be started, killed and cut from one another, and that are gone after `dispose`. */
export class Testbed {
  readonly workspace: Workspace;
  /** In the order in which they were added. */
  readonly servers: TestServer[] = [];
  readonly arbiters: EtcdServer[] = [];
  readonly #network: HostNetwork | undefined;
  /** The same on all servers, since a joined server's database, accounts included, becomes a copy of main's. */
  readonly #superuserPassword = randomBytes(12).toString('hex');
  readonly #adminPassword = `admin-${randomBytes(6).toString('hex')}`;

  constructor(workspace: Workspace, network: HostNetwork | undefined) {
    this.workspace = workspace;
    this.#network = network;
  }

  /** Makes and starts a server. Several may be made at once. */
  async addServer(name: string, options: AddServerOptions = {}): Promise<TestServer> {
    const host = await this.#network?.addHost(name);
    const ports = host ? { bff: 80, postgres: 5432, redis: 6379 } : await this.#reservePorts(options.preferredBffPort);
    const server = await makeServer({
      ...options,
      name,
      workspace: this.workspace,
      ports,
      superuserPassword: this.#superuserPassword,
      adminPassword: options.adminPassword ?? this.#adminPassword,
      ...(host ? { host } : {}),
    });
    this.servers.push(server);
    return server;
  }

  /**
   * Makes and starts an etcd, in hosts mode on a host of its own. A server uses it when it is added with
   * `environment: arbiter.environment`.
   */
  async addArbiter(
    name = 'arbiter',
    options: Pick<StartEtcdOptions, 'authentication' | 'tls'> = {},
  ): Promise<EtcdServer> {
    const host = await this.#network?.addHost(name);
    const arbiter = await startEtcd({ ...options, name, workspace: this.workspace, ...(host ? { host } : {}) });
    this.arbiters.push(arbiter);
    return arbiter;
  }

  /** The server of that name. */
  server(name: string): TestServer {
    const found = this.servers.find((each) => each.name === name);
    if (!found) throw new TestbedError('MISUSE', `there is no server "${name}"`);
    return found;
  }

  /** Hosts mode: the two no longer hear each other; everybody else still hears both. */
  async cutLink(one: Machine, other: Machine): Promise<void> {
    await this.#setLinkCut(one, other, true);
  }

  async healLink(one: Machine, other: Machine): Promise<void> {
    await this.#setLinkCut(one, other, false);
  }

  /** Hosts mode: a firewall drops one port of the server for everybody else, open connections included. */
  async cutPort(server: TestServer, port: keyof ServerPorts | number): Promise<void> {
    await hostOf(server).setPortCut(typeof port === 'number' ? port : server.ports[port], true);
  }

  async healPort(server: TestServer, port: keyof ServerPorts | number): Promise<void> {
    await hostOf(server).setPortCut(typeof port === 'number' ? port : server.ports[port], false);
  }

  /** Hosts mode: pulls the machine's network cable. The test still reaches it by `managementUrl` and Unix sockets. */
  async cutHost(machine: Machine): Promise<void> {
    await hostOf(machine).setCableCut(true);
  }

  async healHost(machine: Machine): Promise<void> {
    await hostOf(machine).setCableCut(false);
  }

  /** Ends every process and removes everything; resolves when it is gone. May be repeated. */
  async dispose(): Promise<void> {
    await Promise.all(this.arbiters.map((arbiter) => arbiter.client.close()));
    await this.workspace.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #setLinkCut(one: Machine, other: Machine, cut: boolean): Promise<void> {
    await hostOf(one).setPeerCut(other.address, cut);
    await hostOf(other).setPeerCut(one.address, cut);
  }

  async #reservePorts(preferredBffPort: number | undefined): Promise<ServerPorts> {
    const reserve = async (preferred?: number) => {
      const reservation = await reservePort(preferred);
      this.workspace.recordReservation(reservation);
      return reservation.value;
    };
    return { bff: await reserve(preferredBffPort), postgres: await reserve(), redis: await reserve() };
  }
}

/**
 * Opens a testbed without servers. Use it as `await using testbed = await createTestbed(…)`.
 *
 * @throws TestbedError `NEEDS_ROOT` for hosts mode.
 */
export async function createTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const workspace = await openWorkspace(options.keep === undefined ? {} : { keep: options.keep });
  try {
    return new Testbed(workspace, options.mode === 'hosts' ? await openHostNetwork(workspace) : undefined);
  } catch (error) {
    await workspace.dispose();
    throw error;
  }
}

/**
 * Runs `use` with a testbed that is gone afterwards. When it fails, the ends of the BFFs' logs go to standard error
 * first: the files are gone by the time that the failure is read.
 */
export async function withTestbed<Result>(
  options: TestbedOptions,
  use: (testbed: Testbed) => Promise<Result>,
): Promise<Result> {
  await using testbed = await createTestbed(options);
  try {
    return await use(testbed);
  } catch (error) {
    for (const { name, bff } of testbed.servers) {
      process.stderr.write(`--- the BFF of ${name} said last:\n${bff.readLog().slice(-3_000)}\n`);
    }
    throw error;
  }
}

function hostOf(machine: Machine): Host {
  if (machine.host) return machine.host;
  throw new TestbedError(
    'NEEDS_HOSTS_MODE',
    `${machine.name} shares the loopback with the others: cuts need mode "hosts"`,
  );
}
