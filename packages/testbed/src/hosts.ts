import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { runChecked } from './command.ts';
import { TestbedError } from './errors.ts';
import type { Placement } from './placement.ts';
import { reserveSubnet } from './subnet.ts';
import type { SubnetPrefix } from './subnet.ts';
import type { Workspace } from './workspace.ts';

/**
 * One machine's network of its own: a network namespace with `eth0` on the common bridge, and `mgmt0`, a cable to the
 * test alone. Cuts concern `eth0`, so that a test and its browser still see both sides of a split.
 */
export class Host implements Placement {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** Reaches this host from the test, whatever is cut. Other hosts do not know it. */
  readonly managementAddress: string;
  readonly listenAddress = '*';
  readonly trustedAddresses: readonly string[];
  /** The bridge's end of `eth0`'s cable, a link of the root namespace. */
  readonly cable: string;
  readonly #cutPorts = new Set<number>();
  readonly #cutPeers = new Set<string>();

  constructor(name: string, prefix: string, subnet: SubnetPrefix, index: number) {
    this.name = name;
    this.namespace = `${prefix}-${name}`;
    this.cable = `${prefix}e${index}`;
    this.address = `${subnet}.${10 + index}`;
    this.managementAddress = `${subnet}.${managementNetwork(index) + 2}`;
    const test = [`${subnet}.1/32`, `${subnet}.${managementNetwork(index) + 1}/32`];
    this.trustedAddresses = [`${this.address}/32`, ...test];
  }

  wrap(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace, ...command];
  }

  /** Drops what comes from that address on `eth0`, or stops doing so. */
  async setPeerCut(address: string, cut: boolean): Promise<void> {
    if (cut) this.#cutPeers.add(address);
    else this.#cutPeers.delete(address);
    await this.#applyRules();
  }

  /** Drops, silently as a firewall does, all of a TCP port of this host on `eth0`: new connections and open ones. */
  async setPortCut(port: number, cut: boolean): Promise<void> {
    if (cut) this.#cutPorts.add(port);
    else this.#cutPorts.delete(port);
    await this.#applyRules();
  }

  /** Pulls the cable or plugs it in. The host keeps its address and routes, as a real one does. */
  async setCableCut(cut: boolean): Promise<void> {
    await runChecked(['ip', 'link', 'set', this.cable, cut ? 'down' : 'up']);
  }

  /** Writes all rules anew, in one transaction of the kernel. */
  async #applyRules(): Promise<void> {
    const input = [...this.#cutPeers].map((address) => `iifname "eth0" ip saddr ${address} drop`);
    const output: string[] = [];
    for (const port of this.#cutPorts) {
      input.push(`iifname "eth0" tcp dport ${port} drop`);
      // Else an open connection would still send until its window is full.
      output.push(`oifname "eth0" tcp sport ${port} drop`);
    }
    const rules = [
      'table inet testbed',
      'delete table inet testbed',
      'table inet testbed {',
      `chain input { type filter hook input priority 0; policy accept; ${input.join('; ')}\n}`,
      `chain output { type filter hook output priority 0; policy accept; ${output.join('; ')}\n}`,
      '}',
    ];
    await runChecked(this.wrap(['nft', '--file', '-']), { input: `${rules.join('\n')}\n` });
  }
}

/** A bridge of the root namespace with the hosts on it; it and they go with the workspace. */
export class HostNetwork {
  readonly #workspace: Workspace;
  readonly #prefix: string;
  readonly #bridge: string;
  readonly #subnet: SubnetPrefix;
  #count = 0;

  constructor(workspace: Workspace, prefix: string, subnet: SubnetPrefix) {
    this.#workspace = workspace;
    this.#prefix = prefix;
    this.#bridge = `${prefix}br`;
    this.#subnet = subnet;
  }

  /** The test's own address on the bridge. */
  get gatewayAddress(): string {
    return `${this.#subnet}.1`;
  }

  async open(): Promise<void> {
    this.#workspace.recordLink(this.#bridge);
    await ipBatch([
      // Without spanning tree a plugged cable forwards at once, not after 30 s of listening.
      `link add name ${this.#bridge} type bridge stp_state 0 forward_delay 0`,
      `address add ${this.gatewayAddress}/25 dev ${this.#bridge}`,
      `link set ${this.#bridge} up`,
    ]);
  }

  /** Makes a host: up to 30 in one network. */
  async addHost(name: string): Promise<Host> {
    const index = this.#count++;
    if (index >= 30) throw new TestbedError('MISUSE', 'one network holds 30 hosts');
    const host = new Host(name, this.#prefix, this.#subnet, index);
    const { namespace, cable } = host;
    const management = `${this.#prefix}m${index}`;
    this.#workspace.recordNamespace(namespace);
    // They would go with the namespace, but only when the kernel gets round to it.
    for (const link of [cable, management]) this.#workspace.recordLink(link);
    await ipBatch([
      `netns add ${namespace}`,
      `link add ${cable} type veth peer name eth0 netns ${namespace}`,
      `link set ${cable} master ${this.#bridge} up`,
      `link add ${management} type veth peer name mgmt0 netns ${namespace}`,
      `address add ${this.#subnet}.${managementNetwork(index) + 1}/30 dev ${management}`,
      `link set ${management} up`,
    ]);
    const inside = [
      'link set lo up',
      `address add ${host.address}/25 dev eth0`,
      'link set eth0 up',
      `address add ${host.managementAddress}/30 dev mgmt0`,
      'link set mgmt0 up',
    ];
    await ipBatch(inside, namespace);
    return host;
  }
}

/**
 * Opens a network for hosts of a workspace. Needs root, iproute2 and nftables.
 *
 * @throws TestbedError `NEEDS_ROOT`, `MISSING_PROGRAM`, `NO_FREE_SUBNET`.
 */
export async function openHostNetwork(workspace: Workspace): Promise<HostNetwork> {
  if (userInfo().uid !== 0) throw new TestbedError('NEEDS_ROOT', 'network namespaces need root');
  const subnet = await reserveSubnet();
  workspace.recordReservation(subnet);
  // Names of links end at 15 characters.
  const network = new HostNetwork(workspace, `pxp${randomBytes(3).toString('hex')}`, subnet.value);
  await network.open();
  return network;
}

/** The upper half of the /24 is cut into /30s, one for each host's cable to the test. */
function managementNetwork(index: number): number {
  return 128 + 4 * index;
}

async function ipBatch(lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ['-netns', namespace];
  await runChecked(['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
