/** The wiring of sessions and of their end: where revocations stand, and the loop that spreads them. */
import type { Logger } from 'pino';
import type { Revocation } from '@proxpanel/contracts/sessions';
import type { ClockPort, NodeFilePort } from './cluster/ports.ts';
import type { Environment } from './environment.ts';
import { openRevocationFile } from './host/revocation-file.ts';
import { createRevocationList } from './http/revocation-list.ts';
import { createSessions, type Sessions } from './http/session.ts';
import { createTicker, type Service } from './loops/service.ts';
import { createRevocations, type Revocations } from './panel/revocations.ts';
import type { Connections } from './postgres/connection.ts';
import { createRevocationStore } from './postgres/panel-revocations.ts';
import { createRevocationCache } from './redis/panel-revocations.ts';
import type { RedisConnection } from './redis/redis-connection.ts';

const revocationIntervalMs = 5_000;
const soonMs = 100;

export interface SessionSurroundings {
  readonly environment: Pick<Environment, 'stateDir'>;
  readonly log: Logger;
  readonly clock: Pick<ClockPort, 'nowMs'>;
  readonly nodeFile: NodeFilePort;
  readonly connections: Pick<Connections, 'panel'>;
  readonly redis: RedisConnection;
  /** Writes belong on this server and are let in now. */
  readonly takesWrites: () => boolean;
  /** Sends sessions that were signed out here to main; nothing where no other server is main. */
  readonly tellMain: (revocations: readonly Revocation[]) => Promise<void>;
}

export interface SessionParts {
  readonly sessions: Sessions;
  readonly revocations: Revocations;
}

/** Reads the revocations that this server kept, so that it refuses them from its first request on. HOST_FAULT. */
export async function createSessionParts(surroundings: SessionSurroundings): Promise<SessionParts> {
  const { environment, log, clock, nodeFile, connections, redis, takesWrites, tellMain } = surroundings;
  const list = createRevocationList(clock.nowMs);
  return {
    sessions: createSessions({ nodeFile, clock, revocations: list }),
    revocations: createRevocations({
      list,
      database: createRevocationStore(connections.panel),
      cache: createRevocationCache(redis, clock.nowMs),
      file: await openRevocationFile({ stateDir: environment.stateDir, log }),
      mayStore: takesWrites,
      tellMain: (revoked) =>
        tellMain(revoked.map(({ jti, endsAtMs }) => ({ jti, expires_at: new Date(endsAtMs).toISOString() }))),
      nowMs: clock.nowMs,
      log,
    }),
  };
}

/** `canAsk`: the panel's database can be asked now. */
export function createRevocationService({ revocations }: SessionParts, log: Logger, canAsk: () => boolean): Service {
  let knowsRevoked = false;
  let lastAtMs = -Infinity;
  const synchronize = async (): Promise<void> => {
    const asksDatabase = canAsk();
    const now = performance.now();
    if (!knowsRevoked && !asksDatabase && now - lastAtMs < revocationIntervalMs) return;
    lastAtMs = now;
    await revocations.synchronize(asksDatabase);
    knowsRevoked ||= asksDatabase;
  };
  // The database is asked at once when it can be: until then a session that another server ended may be taken for good.
  const pauseMs = () => (knowsRevoked ? revocationIntervalMs : soonMs);
  return createTicker({ name: 'revocations', log, intervalMs: pauseMs, tick: synchronize });
}
