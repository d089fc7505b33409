/** Sessions that were signed out before their end (DESIGN §11): a sorted set in Redis, by the millisecond of their end. */
import { revocationSchema } from '@proxpanel/contracts/sessions';
import type { RevocationStore, RevokedSession } from '../panel/ports.ts';
import { Fault } from '../fault.ts';
import type { RedisConnection } from './redis-connection.ts';

const KEY = 'proxpanel:revoked';
const { jti: idSchema } = revocationSchema.shape;

/** Revoked sessions in the local Redis; a replica's can be read. Faults: REDIS_DOWN, NOT_AVAILABLE (a replica's refusal). */
export function createRevocationCache(connection: RedisConnection, nowMs: () => number): RevocationStore {
  return {
    async add(revoked) {
      if (revoked.length === 0) return;
      // GT: an entry never ends earlier than it was once said to.
      await connection.send('ZADD', KEY, 'GT', ...revoked.flatMap(({ jti, endsAtMs }) => [endsAtMs, jti]));
      await connection.send('ZREMRANGEBYSCORE', KEY, '-inf', nowMs());
    },
    async list() {
      const found = await connection.send('ZRANGE', KEY, `(${String(nowMs())}`, '+inf', 'BYSCORE', 'WITHSCORES');
      if (!Array.isArray(found)) throw new Fault('NOT_AVAILABLE', `Redis holds something else under ${KEY}.`);
      return revokedOf(found);
    },
  };
}

/** Pairs of member and score, or both by turns, as the protocol has it. What is none of ours is left out. */
function revokedOf(found: readonly unknown[]): RevokedSession[] {
  const flat = found.flat();
  return flat.flatMap((jti, index) => {
    const endsAtMs = Number(flat[index + 1]);
    const isOurs = index % 2 === 0 && idSchema.safeParse(jti).success && Number.isFinite(endsAtMs);
    return isOurs ? [{ jti: String(jti), endsAtMs }] : [];
  });
}
