/** Makes a cluster for the measurements: as in the field, with fsync on and the product's own timers. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configureMain, joinSecondary, waitForWrites } from '../join-servers.ts';
import type { TestServer } from '../server.ts';
import { createTestbed } from '../testbed.ts';
import type { Testbed } from '../testbed.ts';
import { HaCluster, WRITER_ROLE, WRITER_TABLE } from './ha-cluster.ts';
import type { HaNode } from './ha-cluster.ts';
import { makePerishableDisk } from './perishable-disk.ts';
import { waitUntilSteady } from './wait-until-steady.ts';

export interface ClusterOptions {
  /** Default true: an etcd on a host of its own. */
  arbiter?: boolean;
  /** Default: the product's, 10 000. */
  leaseTtlMs?: number;
  /** Default `async`. */
  durability?: 'async' | 'sync';
  /** The panel can stop and start PostgreSQL (RUN_SCRIPTS). Default false. */
  control?: boolean;
  /** Default 1. */
  secondaries?: number;
  /** What main's database holds before the first join. Default 100. */
  databaseMb?: number;
  /** `defaults`: what a server of the field has. `short`: seconds instead of minutes, for tests. Default `defaults`. */
  timers?: 'defaults' | 'short';
  /** Further variables of every BFF. */
  environment?: Record<string, string>;
  /** Every server on a file system that can lose what was not synced. */
  perishableDisks?: boolean;
  /** Default true; false for tests in which no disk matters. */
  fsync?: boolean;
  /** Another build of the BFF. Default: `PROXPANEL_BENCH_BFF`, else this repository's. */
  bffMainPath?: string | undefined;
}

/** The six timers that the testbed shortens (`defaultEnvironment`). */
const SHORTENED = [
  'HEARTBEAT_INTERVAL_MS',
  'PROBE_INTERVAL_MS',
  'LATE_AFTER_MS',
  'OFFLINE_AFTER_MS',
  'FAILOVER_AFTER_MS',
];

/** A joined, streaming cluster with which nothing is wrong. Needs root. Dispose of it. */
export async function makeCluster(options: ClusterOptions = {}): Promise<HaCluster> {
  const testbed = await createTestbed({ mode: 'hosts' });
  try {
    return await fillTestbed(testbed, options);
  } catch (error) {
    for (const { name, bff } of testbed.servers) {
      process.stderr.write(`--- the BFF of ${name} said last:\n${bff.readLog().slice(-2_000)}\n`);
    }
    await testbed.dispose();
    throw error;
  }
}

async function fillTestbed(testbed: Testbed, options: ClusterOptions): Promise<HaCluster> {
  const arbiter = (options.arbiter ?? true) ? await testbed.addArbiter('arbiter') : undefined;
  const { bffMainPath = process.env['PROXPANEL_BENCH_BFF'] } = options;
  const names = Array.from({ length: 1 + (options.secondaries ?? 1) }, (_, index) => `server-${index + 1}`);
  const nodes = await Promise.all(
    names.map(async (name): Promise<HaNode> => {
      const disk = options.perishableDisks ? await makePerishableDisk(testbed.workspace, name) : undefined;
      const server = await testbed.addServer(name, {
        environment: environmentOf(options),
        postgresFsync: options.fsync ?? true,
        redisAppendOnly: true,
        ...(bffMainPath === undefined ? {} : { bffMainPath }),
      });
      await letWritersIn(server);
      return { server, nodeId: 0, displayName: name.toUpperCase(), panel: server.panel(), disk };
    }),
  );
  const [main, ...secondaries] = nodes as [HaNode, ...HaNode[]];
  await prepareDatabase(main.server, options.databaseMb ?? 100);
  const configured = await configureMain(main.server, main.displayName);
  main.nodeId = configured.nodeId;
  for (const node of secondaries) {
    const joined = await joinSecondary(main.server, node.server, configured.clusterSecret, node.displayName);
    node.nodeId = joined.nodeId;
  }
  // Only now: before, it would also have run the script of the join; and an arbiter is added to a cluster that runs.
  const later = { ...arbiter?.environment, ...(options.control ? { RUN_SCRIPTS: 'true' } : {}) };
  if (Object.keys(later).length > 0) await Promise.all(nodes.map(({ server }) => server.bff.restart(later)));
  await Promise.all(nodes.map(({ panel }) => panel.signIn()));
  // One can sign in before the panel has seen that its database takes writes.
  await waitForWrites(main.server);
  if (options.durability === 'sync') {
    await main.panel.expectOk(main.panel.patch('/api/cluster/settings', { durability: 'sync' }));
  }
  const cluster = new HaCluster(testbed, nodes, arbiter);
  await waitUntilSteady(cluster);
  // The testbed's initdb syncs nothing; a server of the field was installed long before its first power cut.
  for (const { disk } of nodes) await disk?.syncAll();
  return cluster;
}

function environmentOf(options: ClusterOptions): Record<string, string | undefined> {
  const timers = Object.fromEntries(SHORTENED.map((name) => [name, undefined]));
  return {
    ...(options.timers === 'short' ? {} : timers),
    ...(options.leaseTtlMs === undefined ? {} : { LEASE_TTL_MS: String(options.leaseTtlMs) }),
    AUTO_FAILOVER: 'true',
    ...options.environment,
  };
}

/** Without a password: what signing in costs is no part of what is measured. A join keeps each server's own pg_hba. */
async function letWritersIn({ postgres }: TestServer): Promise<void> {
  await appendFile(join(postgres.dataDirectory, 'pg_hba.conf'), `host proxpanel ${WRITER_ROLE} all trust\n`);
  await postgres.query('SELECT pg_reload_conf()');
}

/** A plain role with a table of its own, and ballast. */
async function prepareDatabase({ postgres }: TestServer, databaseMb: number): Promise<void> {
  await postgres.query(`
    CREATE ROLE ${WRITER_ROLE} LOGIN;
    CREATE SCHEMA bench AUTHORIZATION ${WRITER_ROLE};
    ALTER ROLE ${WRITER_ROLE} SET search_path = bench;
    CREATE TABLE ${WRITER_TABLE} (id text PRIMARY KEY);
    ALTER TABLE ${WRITER_TABLE} OWNER TO ${WRITER_ROLE};
    CREATE TABLE bench.ballast (id bigint PRIMARY KEY, filler text NOT NULL)`);
  // A thousand of these rows are just over a megabyte with their index.
  await postgres.query(
    `INSERT INTO bench.ballast SELECT id, repeat(md5(id::text), 30) FROM generate_series(1, $1::bigint) AS id`,
    [databaseMb * 950],
    { timeoutMs: 600_000 },
  );
  // Else autovacuum would do it in the middle of a measurement, with WAL that no client asked for.
  await postgres.query('VACUUM (FREEZE, ANALYZE) bench.ballast', [], { timeoutMs: 600_000 });
  await postgres.query('CHECKPOINT', [], { timeoutMs: 600_000 });
}
