/**
 * Revoked tokens: refused from memory at once, and kept in PostgreSQL and Redis until they would have ended anyway, so
 * that neither a restart nor a lost cache brings one back (DESIGN §11).
 */
import type { Logger } from 'pino';
import type { RevocationList } from '../http/revocation-list.ts';
import { SESSION_LIFETIME_MS, type SessionUser } from '../http/session.ts';
import type { RevocationStore } from './ports.ts';

export interface Revocations {
  /** Refuses the token from now on. Resolves also when a store cannot be written now; `synchronize` tries again. */
  revoke(session: Pick<SessionUser, 'jti' | 'expiresAtMs'>): Promise<void>;
  /** Learns what other servers revoked and stores what could not be stored before. For the start and then each few seconds. */
  synchronize(): Promise<void>;
}

export interface RevocationDeps {
  readonly list: RevocationList;
  /** PostgreSQL first, then Redis. */
  readonly stores: readonly RevocationStore[];
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** More than this many waiting means that no store was writable for hours; memory still refuses them all. */
const WAITING_LIMIT = 10_000;

export function createRevocations(deps: RevocationDeps): Revocations {
  const { list, stores, nowMs, log } = deps;
  const waitingByStore = new Map(stores.map((store) => [store, new Map<string, number>()]));

  async function storeWaiting(store: RevocationStore, waiting: Map<string, number>): Promise<void> {
    for (const [jti, expiresAtMs] of waiting) {
      if (expiresAtMs > nowMs()) await store.add(jti, new Date(expiresAtMs));
      waiting.delete(jti);
    }
  }

  async function eachStore(
    work: (store: RevocationStore, waiting: Map<string, number>) => Promise<void>,
  ): Promise<void> {
    for (const [store, waiting] of waitingByStore) {
      try {
        await work(store, waiting);
      } catch (error) {
        // A secondary cannot write, and either store may be away: the token is refused from memory all the same.
        log.warn({ err: error, waiting: waiting.size }, 'revoked tokens could not be stored or read now');
      }
    }
  }

  return {
    async revoke({ jti, expiresAtMs }) {
      list.add(jti, expiresAtMs);
      await eachStore(async (store, waiting) => {
        if (waiting.size < WAITING_LIMIT) waiting.set(jti, expiresAtMs);
        await storeWaiting(store, waiting);
      });
    },
    async synchronize() {
      await eachStore(async (store, waiting) => {
        for (const jti of await store.listUnexpired()) list.add(jti, nowMs() + SESSION_LIFETIME_MS);
        await storeWaiting(store, waiting);
      });
    },
  };
}
