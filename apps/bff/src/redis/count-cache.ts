/** The dashboard's counts in Redis, for half a minute: many pages look, and a million rows are counted once (DESIGN §3). */
import { dashboardReplySchema } from '@proxpanel/contracts/dashboard';
import { Fault } from '../fault.ts';
import type { CountCache, Owner } from '../panel/ports.ts';
import type { RedisConnection } from './redis-connection.ts';

/** A page is better counted anew than kept waiting for what was to save time. */
const TIMEOUT_MS = 300;

const countsSchema = dashboardReplySchema.pick({ counted_at: true, subscribers: true, sessions: true });

/** Faults: none, as the port says. On a replica reading works and every write is refused: main's counts are there. */
export function createCountCache(connection: Pick<RedisConnection, 'send'>): CountCache {
  return {
    async read(owner) {
      const text = await inTime(connection.send('GET', keyOf(owner)));
      return typeof text === 'string' ? parseCounts(text) : null;
    },
    async write(owner, counts, keptMs) {
      await inTime(connection.send('SET', keyOf(owner), JSON.stringify(counts), 'PX', keptMs));
    },
  };
}

/** What another version wrote in another form is none. */
function parseCounts(text: string) {
  try {
    return countsSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Not JSON: as above.
    return null;
  }
}

/** null after the time-out, and for every Fault: the connection itself says once in the log that Redis is away. */
async function inTime(answer: Promise<unknown>): Promise<unknown> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, TIMEOUT_MS, null);
  const orNothing = answer.catch((error: unknown) => {
    if (error instanceof Fault) return null;
    throw error;
  });
  return Promise.race([orNothing, late]).finally(() => clearTimeout(timer));
}

function keyOf(owner: Owner): string {
  return owner === null ? 'panel:dashboard:all' : `panel:dashboard:reseller:${owner}`;
}
