/** The panel's half of the wiring: its stores, its routes and its loop. It is told of the cluster only what a panel must know. */
import type { Logger } from 'pino';
import type { MeReply } from '@proxpanel/contracts/auth';
import type { ClockPort, NodeFilePort } from './cluster/ports.ts';
import type { Environment } from './environment.ts';
import type { Register } from './http/call.ts';
import { createRevocationList } from './http/revocation-list.ts';
import { createSessions } from './http/session.ts';
import { createTicker, type Service } from './loops/service.ts';
import { createRevocations } from './panel/revocations.ts';
import { createColumnSeal } from './panel/seal-column.ts';
import type { PictureStore } from './panel/upload-ports.ts';
import { createAuditTrail } from './postgres/audit-trail.ts';
import type { Connections } from './postgres/connection.ts';
import { createRevocationStore } from './postgres/panel-revocations.ts';
import { createNasStore, createServiceStore } from './postgres/panel-services.ts';
import { createSubscriberStore } from './postgres/panel-subscribers.ts';
import { createResellerStore, createUserStore } from './postgres/panel-users.ts';
import { registerAuthRoutes } from './routes/auth-routes.ts';
import { registerSubscriberRoutes } from './routes/subscriber-routes.ts';
import { registerUploadRoutes } from './routes/upload-routes.ts';

const revocationIntervalMs = 5_000;
const soonMs = 100;

export interface PanelSurroundings {
  readonly environment: Environment;
  readonly log: Logger;
  readonly clock: ClockPort;
  readonly nodeFile: NodeFilePort;
  readonly connections: Connections;
  readonly pictures: PictureStore;
}

/** What a panel must know of the cluster that it may be part of. */
export interface PanelsView {
  readonly writes: () => MeReply['writes'];
  readonly accountsFromMainSince: () => string | null;
}

export type Panel = ReturnType<typeof createPanel>;

export function createPanel({ environment, log, clock, nodeFile, connections, pictures }: PanelSurroundings) {
  const list = createRevocationList(clock.nowMs);
  return {
    users: createUserStore(connections.panel),
    subscribers: createSubscriberStore(connections.panel),
    services: createServiceStore(connections.panel),
    devices: createNasStore(connections.panel),
    resellers: createResellerStore(connections.panel),
    pictures,
    audit: createAuditTrail(connections.panel),
    seal: createColumnSeal(environment.panelEncryptionKey),
    nowMs: clock.nowMs,
    sessions: createSessions({ nodeFile, clock, revocations: list }),
    revocations: createRevocations({
      list,
      stores: [createRevocationStore(connections.panel)],
      nowMs: clock.nowMs,
      log,
    }),
  };
}

export function registerPanelRoutes(register: Register, panel: Panel, view: PanelsView): void {
  registerAuthRoutes(register, { ...panel, ...view, keepsSecrets: panel.seal.available });
  registerSubscriberRoutes(register, panel);
  registerUploadRoutes(register, panel);
}

/** `canAsk`: the panel's database can be asked now. */
export function createPanelServices(panel: Panel, log: Logger, canAsk: () => boolean): Service[] {
  let knowsRevoked = false;
  const synchronize = async (): Promise<void> => {
    if (!canAsk()) return;
    await panel.revocations.synchronize();
    knowsRevoked = true;
  };
  // At once after a start: until then a session that somebody ended is taken for a good one.
  const revocationPauseMs = () => (knowsRevoked ? revocationIntervalMs : soonMs);
  return [createTicker({ name: 'revocations', log, intervalMs: revocationPauseMs, tick: synchronize })];
}
