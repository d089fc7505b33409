/** Wires everything once (DESIGN §12, style rule 7): adapters behind ports, operations behind routes, loops beside them. */
import type { Logger } from 'pino';
import { createArbiter } from './arbiter/arbiter.ts';
import { createClusterMemory } from './cluster/cluster-memory.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { addressOfMain } from './cluster/membership.ts';
import type { Ports } from './cluster/ports.ts';
import { receiverStreams } from './cluster/observe-replication.ts';
import { createOperationLock } from './cluster/operation-lock.ts';
import { readStatus } from './cluster/read-status.ts';
import { createRoleState } from './cluster/role-state.ts';
import { sendRevocations } from './cluster/send-revocations.ts';
import { createStatusCache } from './cluster/status-cache.ts';
import { createPanel, createPanelServices, registerPanelRoutes, type Panel, type PanelsView } from './context-panel.ts';
import type { Environment } from './environment.ts';
import { createClock } from './host/clock.ts';
import { createHost } from './host/machine.ts';
import { openNodeFile } from './host/node-file-store.ts';
import { openOperationFiles } from './host/operation-files.ts';
import { createPostgresControl } from './host/postgres-control.ts';
import { createUploadFiles } from './host/upload-files.ts';
import { createApp, type App } from './http/app.ts';
import { createClusterLoops, shutGateUntilAsked } from './loops/cluster-loops.ts';
import { createDecideServices } from './loops/decide-loop.ts';
import { createFenceService } from './loops/fence-service.ts';
import { createParityLoops } from './loops/parity-loops.ts';
import { createPrepareLoop } from './loops/prepare-loop.ts';
import { createResumeService } from './loops/resume-service.ts';
import type { Service } from './loops/service.ts';
import { describeOwnServer } from './own-server.ts';
import { ensureFirstAdmin } from './panel/ensure-first-admin.ts';
import { createPeerHttp } from './peer/peer-http.ts';
import { createForwardToMain } from './peer/forward-to-main.ts';
import { createPeerAuth } from './peer/peer-auth.ts';
import { createPeerClient } from './peer/peer-client.ts';
import { createPortProbes } from './peer/probe-ports.ts';
import { createSeal } from './peer/seal.ts';
import { createClusterRows } from './postgres/cluster-rows.ts';
import { createConnections } from './postgres/connection.ts';
import { createDatabaseWatch } from './postgres/database-watch.ts';
import { createGuard } from './postgres/guard.ts';
import { createPanelFacts } from './postgres/panel-facts.ts';
import { prepareDatabase } from './postgres/panel-role.ts';
import { createReplication } from './postgres/replication.ts';
import { stopFromInside } from './postgres/stop-from-inside.ts';
import { radiusLogin } from './radius-login.ts';
import { createRedisAdapter } from './redis/redis-adapter.ts';
import { registerChangeOfMainRoutes } from './routes/change-of-main-routes.ts';
import { registerClusterPeopleRoutes } from './routes/cluster-people-routes.ts';
import { registerClusterScriptRoutes } from './routes/cluster-script-routes.ts';
import { registerClusterServerRoutes } from './routes/cluster-server-routes.ts';
import { forwardCall } from './routes/forward-call.ts';
import { registerHealthRoutes } from './routes/health-routes.ts';
import { registerOpenApiRoutes } from './routes/openapi-routes.ts';
import { registerSwitchoverRoutes } from './routes/switchover-routes.ts';

export interface Context {
  readonly app: App['app'];
  readonly services: readonly Service[];
  readonly cluster: ClusterContext;
  /** After the services have ended: connections, and what is not on disk yet. */
  close(): Promise<void>;
}

/** Opens node.json (its fault stops the start) and connects to nothing else: database and Redis may be away. */
export async function createContext(environment: Environment, log: Logger): Promise<Context> {
  const outside = await openAdapters(environment, log);
  const cluster: ClusterContext = {
    ...outside.ports,
    own: outside.own,
    memory: createClusterMemory(),
    roles: createRoleState(outside.database, outside.ports.nodeFile),
    lock: createOperationLock(),
  };
  shutGateUntilAsked(cluster);
  const { clock, nodeFile } = outside.ports;
  const panel = await createPanel({
    environment,
    log,
    clock,
    nodeFile,
    connections: outside.connections,
    pictures: outside.uploads,
    takesWrites: () => cluster.roles.view().writesAllowed,
    tellMain: (revocations) => sendRevocations(cluster, revocations),
  });
  return {
    app: createRoutes(environment, log, outside, cluster, panel),
    cluster,
    services: createServices(environment, log, outside, cluster, panel),
    async close() {
      await outside.peerAuth.close();
      panel.close();
      outside.redis.close();
      await outside.database.close();
      await outside.connections.close();
      await outside.arbiter.close();
      await outside.peerHttp.close();
    },
  };
}

type Outside = Awaited<ReturnType<typeof openAdapters>>;

async function openAdapters(environment: Environment, log: Logger) {
  const { stateDir, scriptDir, databaseUrl, panelDatabaseUrl } = environment;
  const clock = createClock();
  const nodeFile = await openNodeFile({ stateDir, log });
  const operationFiles = await openOperationFiles({ stateDir, log });
  const connections = createConnections({ databaseUrl, panelDatabaseUrl, nodeFile, log });
  const database = createDatabaseWatch({ connections, clock, log });
  const redis = createRedisAdapter({ url: environment.redisUrl, nodeFile, log });
  const own = describeOwnServer(environment, database, Math.round(clock.bootSeconds() * 1_000));
  const peerHttp = createPeerHttp();
  const arbiter = await createArbiter({
    access: environment.arbiter,
    timeoutMs: Math.min(1_000, Math.floor(environment.leaseTtlMs / 5)),
    clock,
    log,
  });
  const uploads = createUploadFiles(environment.uploadsDir);
  const ports: Ports = {
    log,
    clock,
    nodeFile,
    operationFiles,
    host: createHost({ scriptDir, log }),
    database,
    rows: createClusterRows(connections.cluster),
    replication: createReplication(connections.cluster, clock),
    guard: createGuard(connections.cluster, clock),
    postgresControl: createPostgresControl({
      method: () => own.postgresControl,
      runScripts: environment.runScripts,
      stopFromInside: (signal) => stopFromInside(connections.cluster, signal),
    }),
    arbiter,
    redis,
    peers: createPeerClient({ http: peerHttp, clock, log }),
    portProbes: createPortProbes(),
    seal: createSeal(),
    panelFacts: createPanelFacts(connections.panel),
    uploads,
  };
  return {
    own,
    arbiter,
    uploads,
    ports,
    connections,
    database,
    redis,
    peerHttp,
    peerAuth: createPeerAuth({ nodeFile, clock, log }),
  };
}

function createRoutes(
  environment: Environment,
  log: Logger,
  outside: Outside,
  cluster: ClusterContext,
  panel: Panel,
): App['app'] {
  const roleView = () => loadBalancerView(cluster);
  const forward = createForwardToMain({ http: outside.peerHttp });
  const { app, register, serveQuickly, registeredNames } = createApp({
    log,
    sessions: panel.sessions,
    peerAuth: outside.peerAuth,
    isSecondary: () => cluster.roles.view().configured === 'secondary',
    forwardToMain: (call) => forwardCall(cluster, forward, call),
    webDist: environment.webDist,
    isHttps: environment.tls !== null,
    writes: () => {
      const view = cluster.roles.view();
      return { allowed: view.writesAllowed, mainApiUrl: view.mainApiUrl };
    },
    roleView,
  });
  const status = createStatusCache({ readStatus: () => readStatus(cluster), nowMs: cluster.clock.nowMs });
  cluster.roles.onChange(() => {
    status.forget();
  });
  const version = environment.panelVersion;
  serveQuickly('clusterStatus', status.atHand);
  registerHealthRoutes(register, serveQuickly, { roleView, version });
  registerOpenApiRoutes(register, { registeredNames, version });
  registerPanelRoutes(register, panel, panelsView(cluster));
  registerClusterPeopleRoutes(register, cluster, status);
  registerClusterScriptRoutes(register, cluster, status);
  registerClusterServerRoutes(register, cluster, status);
  registerChangeOfMainRoutes(register, cluster, status);
  registerSwitchoverRoutes(register, cluster, status, (call) => forwardCall(cluster, forward, call));
  return app;
}

function createServices(
  environment: Environment,
  log: Logger,
  { connections, database, ports: { nodeFile } }: Outside,
  cluster: ClusterContext,
  panel: Panel,
): Service[] {
  const { panelEncryptionKey } = environment;
  const radius = panelEncryptionKey === null ? null : radiusLogin(panelEncryptionKey);
  const prepare = async (): Promise<void> => {
    if ((await prepareDatabase({ connections, nodeFile, log, radius })) === 'in_recovery') return;
    const print = (line: string) => process.stdout.write(`${line}\n`);
    await ensureFirstAdmin({ users: panel.users, adminPassword: environment.adminPassword, print });
  };
  const canAsk = (): boolean => {
    const { state } = database.view();
    const hasLogin = connections.givenPanelRole !== null || nodeFile.get().panel_database !== null;
    return hasLogin && (state === 'writable' || state === 'recovery');
  };
  return [
    { name: 'database watch', run: (signal) => database.run(signal) },
    createPrepareLoop({ database, nodeFile, log, prepare }),
    createFenceService(cluster),
    createResumeService(cluster),
    ...createClusterLoops(cluster),
    ...createParityLoops(cluster),
    ...createDecideServices(cluster),
    ...createPanelServices(panel, log, canAsk),
  ];
}

function loadBalancerView(cluster: ClusterContext) {
  const view = cluster.roles.view();
  return {
    role: view.effective,
    writable: view.writesAllowed && cluster.database.view().state === 'writable',
    streamingSecondary: cluster.database.view().state === 'recovery' && receiverStreams(cluster.memory.positions),
  };
}

/** All that the panel is told of the cluster, beside the guard that stands before its routes. */
function panelsView(cluster: ClusterContext): PanelsView {
  return {
    writes() {
      const { writesAllowed, sentence, mainApiUrl } = cluster.roles.view();
      return { allowed: writesAllowed, sentence, main_url: mainApiUrl };
    },
    accountsFromMainSince: () => cluster.nodeFile.get().accounts_from_main_since,
    radiusAddress: () => addressOfMain(cluster),
    ownFigures() {
      const { cpuPercent, memoryPercent, diskPercent } = cluster.memory.resources;
      return { cpu_percent: cpuPercent, memory_percent: memoryPercent, disk_percent: diskPercent };
    },
  };
}
