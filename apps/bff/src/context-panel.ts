/** The panel's half of the wiring: its stores, its routes and its loops. It is told of the cluster only what a panel must know. */
import type { Logger } from 'pino';
import type { MeReply } from '@proxpanel/contracts/auth';
import type { DashboardReply } from '@proxpanel/contracts/dashboard';
import type { ClockPort, NodeFilePort } from './cluster/ports.ts';
import { createRevocationService, createSessionParts, type SessionSurroundings } from './context-sessions.ts';
import type { Environment } from './environment.ts';
import type { Register } from './http/call.ts';
import type { Service } from './loops/service.ts';
import { createColumnSeal } from './panel/seal-column.ts';
import type { PictureStore } from './panel/upload-ports.ts';
import { createAuditTrail } from './postgres/audit-trail.ts';
import type { Connections } from './postgres/connection.ts';
import { createCountStore } from './postgres/panel-counts.ts';
import { createRecordStore } from './postgres/panel-records.ts';
import { createBandwidthRuleStore, createSettingsStore } from './postgres/panel-rules.ts';
import { createNasStore, createServiceStore } from './postgres/panel-services.ts';
import { createSubscriberStore } from './postgres/panel-subscribers.ts';
import { createResellerStore, createUserStore } from './postgres/panel-users.ts';
import { createCountCache } from './redis/count-cache.ts';
import { connectToRedis } from './redis/redis-connection.ts';
import { registerAuthRoutes } from './routes/auth-routes.ts';
import { registerRecordRoutes } from './routes/record-routes.ts';
import { registerSellingRoutes } from './routes/selling-routes.ts';
import { registerSubscriberRoutes } from './routes/subscriber-routes.ts';
import { registerUploadRoutes } from './routes/upload-routes.ts';

/** A person waits for what the panel asks of Redis, and can do without it. */
const redisTimeoutMs = 1_000;

export interface PanelSurroundings {
  readonly environment: Environment;
  readonly log: Logger;
  readonly clock: ClockPort;
  readonly nodeFile: NodeFilePort;
  readonly connections: Connections;
  readonly pictures: PictureStore;
  readonly takesWrites: SessionSurroundings['takesWrites'];
  readonly tellMain: SessionSurroundings['tellMain'];
}

/** What a panel must know of the cluster that it may be part of. */
export interface PanelsView {
  readonly writes: () => MeReply['writes'];
  readonly accountsFromMainSince: () => string | null;
  /** The address that routers ask: of the server that is main now. */
  readonly radiusAddress: () => string;
  /** Of this server; each is null until it has been measured. */
  readonly ownFigures: () => NonNullable<DashboardReply['server']>;
}

export type Panel = Awaited<ReturnType<typeof createPanel>>;

export async function createPanel(surroundings: PanelSurroundings) {
  const { environment, log, clock, connections, pictures } = surroundings;
  const redis = connectToRedis(environment.redisUrl, log, { name: 'proxpanel-panel', timeoutMs: redisTimeoutMs });
  return {
    ...(await createSessionParts({ ...surroundings, redis })),
    users: createUserStore(connections.panel),
    subscribers: createSubscriberStore(connections.panel),
    services: createServiceStore(connections.panel),
    devices: createNasStore(connections.panel),
    resellers: createResellerStore(connections.panel),
    records: createRecordStore(connections.panel),
    bandwidthRules: createBandwidthRuleStore(connections.panel),
    settings: createSettingsStore(connections.panel),
    counts: createCountStore(connections.panel),
    countCache: createCountCache(redis),
    pictures,
    audit: createAuditTrail(connections.panel),
    seal: createColumnSeal(environment.panelEncryptionKey),
    nowMs: clock.nowMs,
    close: () => {
      redis.close();
    },
  };
}

export function registerPanelRoutes(register: Register, panel: Panel, view: PanelsView): void {
  registerAuthRoutes(register, { ...panel, ...view, keepsSecrets: panel.seal.available });
  registerSubscriberRoutes(register, panel);
  registerSellingRoutes(register, { ...panel, ...view });
  registerRecordRoutes(register, { ...panel, ...view });
  registerUploadRoutes(register, panel);
}

/** `canAsk`: the panel's database can be asked now. */
export function createPanelServices(panel: Panel, log: Logger, canAsk: () => boolean): Service[] {
  return [createRevocationService(panel, log, canAsk)];
}
