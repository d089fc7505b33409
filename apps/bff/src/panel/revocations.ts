/**
 * Revoked sessions: refused from memory at once, and kept until they would have ended anyway in PostgreSQL, in Redis and
 * in a file of this server's own, so that neither a restart, a lost cache nor a failover brings one back (DESIGN §11).
 *
 * Only main writes the two databases. What a secondary revokes lies in its file and is sent to main, again and again,
 * until replication has brought it back: main's word alone would be lost with a main that dies before it is replicated.
 * By the same rule a database that was replaced, by a clone or a rewind, gets back what it lacks.
 */
import { REVOCATIONS_PER_CALL, SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import type { Logger } from 'pino';
import { Fault, messageOf } from '../fault.ts';
import type { RevocationList } from '../http/revocation-list.ts';
import type { SessionUser } from '../http/session.ts';
import type { RevocationFile, RevocationStore, RevokedSession } from './ports.ts';
import { within } from './within.ts';

export interface Revocations {
  /** Refuses the session from now on. Resolves also when it can be stored nowhere now; `synchronize` tries again. */
  revoke(session: Pick<SessionUser, 'jti' | 'sessionEndsAtMs'>): Promise<void>;
  /** On main: what a secondary has revoked. Resolves once it is in the database; READ_ONLY, DATABASE_DOWN. */
  take(revoked: readonly RevokedSession[]): Promise<void>;
  /** Learns what other servers revoked, and stores or sends what is missing elsewhere. At the start and each few seconds. */
  synchronize(canAskDatabase: boolean): Promise<void>;
}

export interface RevocationDeps {
  readonly list: RevocationList;
  readonly database: RevocationStore;
  readonly cache: RevocationStore;
  readonly file: RevocationFile;
  /** Writes belong here and are let in: a fenced main must not write what nobody will replicate. */
  readonly mayStore: () => boolean;
  /** Sends them to main; at most REVOCATIONS_PER_CALL. Does nothing where no other server is main. Its faults, and those of the way. */
  readonly tellMain: (revoked: readonly RevokedSession[]) => Promise<void>;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/** Who signs out waits for this long at most. */
const STORE_LIMIT_MS = 2_000;

export function createRevocations(deps: RevocationDeps): Revocations {
  const { list, database, cache, mayStore, nowMs } = deps;
  const attempt = createAttempts(deps.log);
  const own = createOwnCopy(deps, attempt);

  async function storeInDatabase(revoked: readonly RevokedSession[]): Promise<void> {
    await within(STORE_LIMIT_MS, database.add(revoked));
    for (const { jti } of revoked) own.inDatabase.add(jti);
  }

  async function sendToMain(revoked: readonly RevokedSession[]): Promise<void> {
    for (const batch of batchesOf(revoked)) await deps.tellMain(batch);
  }

  return {
    async revoke({ jti, sessionEndsAtMs }) {
      const revoked = [{ jti, endsAtMs: sessionEndsAtMs }];
      list.add(jti, sessionEndsAtMs);
      if (!mayStore()) {
        await Promise.all([own.save(), attempt('main', () => sendToMain(revoked))]);
        return;
      }
      await Promise.all([
        attempt('PostgreSQL', () => storeInDatabase(revoked)),
        attempt('Redis', () => cache.add(revoked)),
      ]);
      if (!own.inDatabase.has(jti)) await own.save();
    },
    async take(sent) {
      const latestEnd = nowMs() + SESSION_LIFETIME_MS;
      const revoked = sent.map(({ jti, endsAtMs }) => ({ jti, endsAtMs: Math.min(endsAtMs, latestEnd) }));
      for (const { jti, endsAtMs } of revoked) list.add(jti, endsAtMs);
      if (!mayStore()) throw new Fault('READ_ONLY', 'This server is not main, or takes no writes now.');
      await Promise.all([storeInDatabase(revoked), attempt('Redis', () => cache.add(revoked))]);
    },
    async synchronize(canAskDatabase) {
      const learn = async (name: string, store: RevocationStore) => {
        const found = await attempt(name, () => store.list());
        for (const { jti, endsAtMs } of found ?? []) list.add(jti, endsAtMs);
        return found === null ? null : new Set(found.map(({ jti }) => jti));
      };
      const [held, cached] = await Promise.all([
        canAskDatabase ? learn('PostgreSQL', database) : null,
        learn('Redis', cache),
      ]);
      if (held !== null) own.inDatabase = held;
      if (mayStore()) {
        for (const batch of batchesOf(lacking(list, held))) await attempt('PostgreSQL', () => storeInDatabase(batch));
        for (const batch of batchesOf(lacking(list, cached))) await attempt('Redis', () => cache.add(batch));
      } else {
        await attempt('main', () => sendToMain(lacking(list, own.inDatabase)));
      }
      await own.save();
    },
  };
}

/** What is revoked and not among these; nothing where it is not known what they are. */
function lacking(list: RevocationList, held: ReadonlySet<string> | null): RevokedSession[] {
  if (held === null) return [];
  return list.living().flatMap(([jti, endsAtMs]) => (held.has(jti) ? [] : [{ jti, endsAtMs }]));
}

interface OwnCopy {
  /** What the local database was seen to hold. */
  inDatabase: Set<string>;
  /** Writes the file where it has changed. */
  save(): Promise<void>;
}

/** Puts into memory what the file held at the start. */
function createOwnCopy({ list, file }: RevocationDeps, attempt: Attempt): OwnCopy {
  for (const { jti, endsAtMs } of file.found) list.add(jti, endsAtMs);
  let savedText = JSON.stringify(file.found);
  const own: OwnCopy = {
    inDatabase: new Set(file.found.filter(({ stored }) => stored).map(({ jti }) => jti)),
    async save() {
      const kept = list.living().map(([jti, endsAtMs]) => ({ jti, endsAtMs, stored: own.inDatabase.has(jti) }));
      const text = JSON.stringify(kept);
      if (text === savedText) return;
      await attempt('the file', async () => {
        await file.save(kept);
        savedText = text;
      });
    },
  };
  return own;
}

type Attempt = <Result>(name: string, work: () => Promise<Result>) => Promise<Result | null>;

/** Runs what may fail now and is tried again later; null then. Each reason is logged once, not every few seconds. */
function createAttempts(log: RevocationDeps['log']): Attempt {
  const troubles = new Map<string, string>();
  return async (name, work) => {
    try {
      const result = await work();
      if (troubles.delete(name)) log.info({ name }, 'revoked sessions reach it again');
      return result;
    } catch (error) {
      const reason = messageOf(error);
      if (troubles.get(name) !== reason) {
        const fields = error instanceof Fault ? { name, reason } : { name, err: error };
        log.warn(fields, 'revoked sessions do not reach it now; they are refused here all the same');
      }
      troubles.set(name, reason);
      return null;
    }
  };
}

function batchesOf(revoked: readonly RevokedSession[]): RevokedSession[][] {
  const batches: RevokedSession[][] = [];
  for (let start = 0; start < revoked.length; start += REVOCATIONS_PER_CALL)
    batches.push(revoked.slice(start, start + REVOCATIONS_PER_CALL));
  return batches;
}
