/** The panel's half of the wiring: its stores, its routes and its loops. It is told of the cluster only what a panel must know. */
import type { Logger } from 'pino';
import type { MeReply } from '@proxpanel/contracts/auth';
import type { ClockPort, NodeFilePort } from './cluster/ports.ts';
import { createRevocationService, createSessionParts, type SessionSurroundings } from './context-sessions.ts';
import type { Environment } from './environment.ts';
import type { Register } from './http/call.ts';
import type { Service } from './loops/service.ts';
import { createColumnSeal } from './panel/seal-column.ts';
import type { Connections } from './postgres/connection.ts';
import { createNasStore, createServiceStore } from './postgres/panel-services.ts';
import { createSubscriberStore } from './postgres/panel-subscribers.ts';
import { createResellerStore, createUserStore } from './postgres/panel-users.ts';
import { connectToRedis } from './redis/redis-connection.ts';
import { registerAuthRoutes } from './routes/auth-routes.ts';
import { registerSubscriberRoutes } from './routes/subscriber-routes.ts';

/** A person waits for what the panel asks of Redis, and can do without it. */
const redisTimeoutMs = 1_000;

export interface PanelSurroundings {
  readonly environment: Environment;
  readonly log: Logger;
  readonly clock: ClockPort;
  readonly nodeFile: NodeFilePort;
  readonly connections: Connections;
  readonly takesWrites: SessionSurroundings['takesWrites'];
  readonly tellMain: SessionSurroundings['tellMain'];
}

/** What a panel must know of the cluster that it may be part of. */
export interface PanelsView {
  readonly writes: () => MeReply['writes'];
  readonly accountsFromMainSince: () => string | null;
}

export type Panel = Awaited<ReturnType<typeof createPanel>>;

export async function createPanel(surroundings: PanelSurroundings) {
  const { environment, log, clock, connections } = surroundings;
  const redis = connectToRedis(environment.redisUrl, log, { name: 'proxpanel-panel', timeoutMs: redisTimeoutMs });
  return {
    ...(await createSessionParts({ ...surroundings, redis })),
    users: createUserStore(connections.panel),
    subscribers: createSubscriberStore(connections.panel),
    services: createServiceStore(connections.panel),
    devices: createNasStore(connections.panel),
    resellers: createResellerStore(connections.panel),
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
}

/** `canAsk`: the panel's database can be asked now. */
export function createPanelServices(panel: Panel, log: Logger, canAsk: () => boolean): Service[] {
  return [createRevocationService(panel, log, canAsk)];
}
