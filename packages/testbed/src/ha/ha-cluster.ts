/** A cluster whose main is about to be changed: servers on hosts of their own, joined, with accounts and names at hand. */
import type { EtcdServer } from '../etcd-server.ts';
import type { PanelClient } from '../panel-client.ts';
import type { TestServer } from '../server.ts';
import type { Testbed } from '../testbed.ts';
import type { Acknowledgement } from './judge.ts';
import type { PerishableDisk } from './perishable-disk.ts';
import type { StatusView } from './status-view.ts';
import type { WriterTarget } from './writer-program.ts';
import { startWriters } from './writers.ts';
import type { Writers } from './writers.ts';

/** One server as a node of the cluster. */
export interface HaNode {
  server: TestServer;
  nodeId: number;
  displayName: string;
  /** Signed in as the admin before anything goes wrong. */
  panel: PanelClient;
  disk: PerishableDisk | undefined;
}

export interface StartClientsOptions {
  /** Which servers they try, in turn. Default: all. */
  targets?: readonly HaNode[];
  /** On which server's host they run and dial: what a cable's cut leaves of the world. Default: outside of all. */
  on?: HaNode;
  clients?: number;
  /** Default 1 000 ms; longer where one slow answer is what is measured. */
  statementTimeoutMs?: number;
}

/** Rows that clients write lie in a schema of a plain role. */
export const WRITER_ROLE = 'bench_writer';
export const WRITER_TABLE = 'bench.written';

export class HaCluster {
  readonly testbed: Testbed;
  readonly nodes: readonly HaNode[];
  readonly arbiter: EtcdServer | undefined;
  #writers = 0;

  constructor(testbed: Testbed, nodes: readonly HaNode[], arbiter: EtcdServer | undefined) {
    this.testbed = testbed;
    this.nodes = nodes;
    this.arbiter = arbiter;
  }

  /** Which databases are out of recovery: the truth, by PostgreSQL's own word. */
  async writable(): Promise<HaNode[]> {
    const found = await Promise.all(
      this.nodes.map(async (node) => {
        if (!node.server.postgres.isRunning()) return [];
        return (await node.server.postgres.isInRecovery()) ? [] : [node];
      }),
    );
    return found.flat();
  }

  /** The one main; an error when there is none or more than one. */
  async main(): Promise<HaNode> {
    const [main, ...more] = await this.writable();
    if (main === undefined || more.length > 0) {
      throw new Error(
        `one writable server was expected, not ${[main, ...more].map((node) => node?.server.name).join()}`,
      );
    }
    return main;
  }

  others(...nodes: readonly HaNode[]): HaNode[] {
    return this.nodes.filter((node) => !nodes.includes(node));
  }

  status(node: HaNode): Promise<StatusView> {
    return node.panel.expectOk(node.panel.get<StatusView>('/api/cluster/status', { timeoutMs: 10_000 }));
  }

  /**
   * Clients that write 80 one-row transactions a second each and try the servers in turn, 1 s to connect, 25 ms between a
   * refusal and the next try. More of them, or more eager ones, take the machine from the servers (PostgreSQL makes a process
   * for each try): with 12 ms a switchover takes a fifth longer.
   */
  startClients({
    targets = this.nodes,
    on,
    clients = 2,
    statementTimeoutMs = 1_000,
  }: StartClientsOptions = {}): Writers {
    this.#writers += 1;
    const target = ({ server }: HaNode): WriterTarget => ({
      name: server.name,
      host: server.address,
      port: server.ports.postgres,
    });
    // First the one that is meant to answer: nobody who has a choice begins with a server that he runs beside.
    const ordered = on === undefined ? targets : [on, ...targets.filter((node) => node !== on)];
    return startWriters({
      workspace: this.testbed.workspace,
      ...(on?.server.host === undefined ? {} : { from: on.server.host }),
      config: {
        ...{ targets: ordered.map(target), clients, perSecond: 80, prefix: `w${this.#writers}` },
        ...{ connectTimeoutMs: 1_000, statementTimeoutMs, retryPauseMs: 25 },
        ...{ user: WRITER_ROLE, database: 'proxpanel', table: WRITER_TABLE },
      },
    });
  }

  /** The ids that a server's database holds now. */
  async idsOn(node: HaNode): Promise<Set<string>> {
    const rows = await node.server.postgres.query<{ id: string }>(`SELECT id FROM ${WRITER_TABLE}`, [], {
      timeoutMs: 60_000,
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** How often the cluster has changed its main, by the record that a server's database holds. */
  async countPromotions(node: HaNode): Promise<number> {
    const [row] = await node.server.postgres.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM cluster_promotions',
    );
    return row?.count ?? 0;
  }

  dispose(): Promise<void> {
    return this.testbed.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** All that several groups of writers were told, in the order in which it was heard. */
export function mergeAcks(...groups: readonly Writers[]): Acknowledgement[] {
  return groups.flatMap(({ acks }) => acks).sort((one, other) => one.heardMs - other.heardMs);
}
