/** The panel's work done by this very process, for as long as a command runs: on a host where the panel is stopped. */
import { decide } from '@proxpanel/failover/decide';
import { pino } from 'pino';
import { extendLease } from '../cluster/extend-lease.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { askingGateReason } from '../cluster/gate-reasons.ts';
import { configuredRole } from '../cluster/membership.ts';
import { observeForDecision, policyOf } from '../cluster/observe-for-decision.ts';
import { observeReplication } from '../cluster/observe-replication.ts';
import { probePeers } from '../cluster/probe-peers.ts';
import { bootMs } from '../cluster/sounds.ts';
import { createContext, type Context } from '../context.ts';
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { startHttpServer, type HttpServer } from '../http/server.ts';
import { createLogger } from '../log.ts';
import { shutGateUntilAsked } from '../loops/cluster-loops.ts';
import { startServices, type RunningServices } from '../loops/service.ts';

const probeLimitMs = 4_000;
const arbiterLimitMs = 2_000;
const shutdownLimitMs = 1_000;

export interface HostedPanel {
  /** Where this process alone calls it. */
  readonly baseUrl: string;
  /** Starts every loop of the panel: what was cut off goes on, and this server decides for itself. Repeatable. */
  act(): void;
  /** Other servers and this host's scripts reach it from here on, as they reach the panel. HOST_FAULT when the port is taken. */
  serveToOthers(): Promise<void>;
  /** Resolves with whether main's lease was made to last until a panel can be started. */
  close(): Promise<{ readonly leaseExtended: boolean }>;
}

/** Has looked at everything once when it resolves, and changed nothing but what a met term demands (SAFETY §3). */
export async function hostPanel(environment: Environment, verbose: boolean): Promise<HostedPanel> {
  const log = createLogger(verbose ? 'info' : 'silent', pino.destination(2));
  const context = await createContext(environment, log);
  const servers: HttpServer[] = [];
  let services: RunningServices | null = null;
  try {
    await lookAround(context.cluster);
    const ownDoor = await startHttpServer(context.app, { host: '127.0.0.1', port: 0, tls: null });
    servers.push(ownDoor);
    return {
      baseUrl: `http://127.0.0.1:${String(ownDoor.address.port)}`,
      act() {
        if (services !== null) return;
        shutGateUntilAsked(context.cluster);
        services = startServices(context.services, log);
      },
      async serveToOthers() {
        if (servers.length < 2) servers.push(await startHttpServer(context.app, environment));
      },
      close: () => close(context, services, servers),
    };
  } catch (error) {
    await close(context, services, servers);
    throw error;
  }
}

async function close(
  context: Context,
  services: RunningServices | null,
  servers: readonly HttpServer[],
): Promise<{ leaseExtended: boolean }> {
  await Promise.all([services?.stop(), ...servers.map((server) => server.stop(shutdownLimitMs))]);
  // After the loops, one of which would make it short again. A server that takes no writes keeps no lease from others.
  const takesWrites = services !== null && context.cluster.database.view().state === 'writable';
  const leaseExtended = takesWrites && (await extendLease(context.cluster));
  await context.close();
  return { leaseExtended };
}

/** What the loops of a panel see one after the other, seen once. */
async function lookAround(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  context.memory.databaseSinceMs = bootMs(context);
  const [running] = (await context.operationFiles.list()).filter(({ state }) => state === 'running');
  context.memory.operation = running ?? null;
  await Promise.all([context.database.look(), context.redis.look()]);
  if (membership?.is_active !== true) return;
  await Promise.all([
    observeReplication(context).catch(ignoreFault),
    probePeers(context, AbortSignal.timeout(probeLimitMs)),
    lookAtArbiter(context, membership.cluster_id),
  ]);
  await context.database.look();
  const current = context.nodeFile.get().membership ?? membership;
  context.memory.decision = decide(
    observeForDecision(context, current),
    context.memory.decisionMemory,
    policyOf(context, current),
  );
  // Nobody is asked whether main may take writes while its panel is stopped: PostgreSQL takes them or does not.
  const isMain = configuredRole(current) === 'main';
  if (isMain && context.roles.view().gateShutBecause === askingGateReason) context.roles.openGate();
}

/** A look alone: a lease that this server held is neither found again nor renewed by it. */
async function lookAtArbiter(context: ClusterContext, clusterId: string): Promise<void> {
  if (!context.arbiter.configured) return;
  const { arbiter } = context.memory;
  const askedMs = bootMs(context);
  try {
    const view = await context.arbiter.read(clusterId, AbortSignal.timeout(arbiterLimitMs));
    Object.assign(arbiter, { view, heardMs: askedMs, silent: false, sentence: '' });
  } catch (error) {
    arbiter.silent = true;
    arbiter.sentence = error instanceof Fault ? error.message : 'It did not answer in time.';
  }
}

function ignoreFault(error: unknown): void {
  if (!(error instanceof Fault)) throw error;
}
