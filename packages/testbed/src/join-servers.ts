import { TestbedError } from './errors.ts';
import type { PanelClient } from './panel-client.ts';
import type { TestServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface ConfiguredMain {
  clusterSecret: string;
  nodeId: number;
}

export interface JoinedSecondary {
  nodeId: number;
  slotName: string;
  scriptPath: string;
  /** What the script printed. */
  scriptOutput: string;
}

/**
 * Makes a standalone server the main one by its API, as an admin does (DESIGN §6.1), and restarts its PostgreSQL when
 * settings ask for that.
 */
export async function configureMain(server: TestServer, displayName: string): Promise<ConfiguredMain> {
  const panel = await server.panel().signIn();
  const reply = await panel.expectOk(
    panel.post<{ cluster_secret: string; node_id: number; pending_restart: unknown[] }>('/api/cluster/setup-main', {
      display_name: displayName,
    }),
  );
  if (reply.pending_restart.length > 0) {
    await server.postgres.stop('fast');
    await server.postgres.start();
  }
  await waitForRole(server, 'main');
  // A join before that is turned away.
  await waitForWrites(server);
  return { clusterSecret: reply.cluster_secret, nodeId: reply.node_id };
}

/** Joins a standalone server to main by its API and runs the script that it made, as an admin does (DESIGN §6.4, §6.5). */
export async function joinSecondary(
  main: TestServer,
  secondary: TestServer,
  clusterSecret: string,
  displayName: string,
): Promise<JoinedSecondary> {
  const panel = await secondary.panel().signIn();
  const join = () =>
    panel.post<{ node_id: number; slot_name: string; script_path: string }>('/api/cluster/setup-secondary', {
      main_address: main.url,
      cluster_secret: clusterSecret,
      display_name: displayName,
    });
  // Main's panel may not have noticed yet that its database is back from the restart; joining again does no harm.
  const reply = await panel.expectOk(
    waitFor(join, { describe: "main's database", intervalMs: 250, until: ({ status }) => status !== 503 }),
  );
  const script = await secondary.run(['bash', reply.script_path], { timeoutMs: 300_000 });
  const scriptOutput = `${script.stdout}\n${script.stderr}`.trim();
  if (script.exitCode !== 0) {
    throw new TestbedError('COMMAND_FAILED', `the join script ended with ${script.exitCode}:\n${scriptOutput}`);
  }
  await waitForStreaming(main, reply.slot_name);
  await waitForRole(secondary, 'secondary');
  return { nodeId: reply.node_id, slotName: reply.slot_name, scriptPath: reply.script_path, scriptOutput };
}

/** Both of the above: two standalone servers become main and secondary, joined and streaming. */
export async function joinServers(
  main: TestServer,
  secondary: TestServer,
  names = { main: 'DC1 Primary', secondary: 'DC2 Standby' },
): Promise<{ main: ConfiguredMain; secondary: JoinedSecondary }> {
  const configured = await configureMain(main, names.main);
  const joined = await joinSecondary(main, secondary, configured.clusterSecret, names.secondary);
  return { main: configured, secondary: joined };
}

/** Waits until main's PostgreSQL sends WAL through that slot to a standby that has caught up. */
export async function waitForStreaming(main: TestServer, slotName: string, deadlineMs = 60_000): Promise<void> {
  await waitFor(
    () =>
      main.postgres.query<{ state: string }>(
        `SELECT replication.state FROM pg_stat_replication AS replication
         JOIN pg_replication_slots AS slot ON slot.active_pid = replication.pid WHERE slot.slot_name = $1`,
        [slotName],
      ),
    { describe: `slot ${slotName} to stream`, deadlineMs, until: ([row]) => row?.state === 'streaming' },
  );
}

/** Waits until the panel has noticed that its database may be written, which may be later than one can sign in. */
export async function waitForWrites(server: TestServer): Promise<void> {
  await waitFor(async () => (await server.panel().get('/read-write')).status, {
    describe: `${server.name} to accept writes`,
    intervalMs: 100,
    until: (status) => status === 200,
  });
}

/** Waits until the server's own panel says that this is its effective role (DESIGN §2). */
export async function waitForRole(
  server: TestServer,
  role: 'standalone' | 'main' | 'secondary',
  deadlineMs = 60_000,
): Promise<void> {
  await waitFor(() => effectiveRole(server), {
    describe: `${server.name} to be ${role}`,
    deadlineMs,
    intervalMs: 250,
    until: (seen) => seen === role,
  });
}

/** The role that GET /health names, which is open to everyone. */
export async function effectiveRole(server: TestServer, panel: PanelClient = server.panel()): Promise<string> {
  return (await panel.expectOk(panel.get<{ role: string }>('/health'))).role;
}
