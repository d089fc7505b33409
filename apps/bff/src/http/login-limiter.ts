/**
 * Wrong passwords: ten a minute for one address and user name, and a hundred for one address whatever the names; after
 * that a person waits and a guesser is slow. Each guess that is let through costs the hashing of a password; what is
 * refused here costs none. Another address is never made to wait, so that nobody can lock an admin out from afar.
 */
import type { RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type ClientRateLimitInfo, type Store } from 'express-rate-limit';
import { LRUCache } from 'lru-cache';
import { Fault } from '../fault.ts';

const WINDOW_MS = 60_000;
const FAILURES_OF_A_NAME = 10;
/** Behind a proxy everybody has one address: this many people do not mistype within a minute. */
const FAILURES_OF_AN_ADDRESS = 100;
const COUNTED_KEYS = 10_000;

/** Count only refused credentials: a database that is away is nobody's wrong guess. */
export function createLoginLimiters(): RequestHandler[] {
  const addressOf: KeyOf = (request) => ipKeyGenerator(request.socket.remoteAddress ?? '');
  const nameAt: KeyOf = (request) => `${addressOf(request)} ${(request.body as { username: string }).username}`;
  return [
    limiter(FAILURES_OF_AN_ADDRESS, addressOf, 'from this address'),
    limiter(FAILURES_OF_A_NAME, nameAt, 'for this user'),
  ];
}

type KeyOf = (request: Parameters<RequestHandler>[0]) => string;

function limiter(limit: number, keyGenerator: KeyOf, whose: string): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    legacyHeaders: false,
    standardHeaders: false,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, response) => response.statusCode !== 401,
    store: createBoundedStore(COUNTED_KEYS, WINDOW_MS),
    keyGenerator,
    handler: (request, _response, next) => {
      const { resetTime } = (request as typeof request & { rateLimit: { resetTime?: Date } }).rateLimit;
      const waitMs = resetTime === undefined ? WINDOW_MS : resetTime.getTime() - Date.now();
      const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
      const sentence = `Too many wrong passwords ${whose}; try again in ${String(retryAfterSeconds)} s.`;
      next(new Fault('TOO_MANY_REQUESTS', sentence, { retryAfterSeconds }));
    },
  });
}

/** The library's own store remembers every key of a window: whoever has many addresses could fill the memory. */
export function createBoundedStore(maxKeys: number, windowMs: number): Store & { readonly size: () => number } {
  const counts = new LRUCache<string, { totalHits: number; readonly resetTime: Date }>({ max: maxKeys, ttl: windowMs });
  return {
    localKeys: true,
    size: () => counts.size,
    increment(key): ClientRateLimitInfo {
      const counted = counts.get(key);
      if (counted !== undefined) {
        counted.totalHits += 1;
        return { ...counted };
      }
      const first = { totalHits: 1, resetTime: new Date(Date.now() + windowMs) };
      counts.set(key, first);
      return { ...first };
    },
    decrement(key) {
      const counted = counts.get(key);
      if (counted !== undefined) counted.totalHits = Math.max(0, counted.totalHits - 1);
    },
    resetKey(key) {
      counts.delete(key);
    },
  };
}
