/** Five wrong secrets in a minute from one address, and that address is slowed (SAFETY §5). */
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import type { ClockPort } from '../cluster/ports.ts';

const ALLOWED_WRONG_SECRETS = 5;
const WINDOW_SECONDS = 60;
/** Bounds memory, not safety: 256-bit secrets are not guessed, the slow-down only keeps noise cheap. */
const MAX_ADDRESSES = 10_000;

export interface SlowDown {
  /** 0 when the address is not slowed; else whole seconds, at least 1. */
  secondsToWait(remoteAddress: string): number;
  countWrongSecret(remoteAddress: string): void;
}

/** Counts by boot time, so that a clock that is set does not free or lock anybody. */
export function createSlowDown(clock: Pick<ClockPort, 'bootSeconds'>): SlowDown {
  const wrongAt = new LRUCache<string, readonly number[]>({ max: MAX_ADDRESSES });
  const recent = (key: string, now: number) => (wrongAt.get(key) ?? []).filter((at) => now - at < WINDOW_SECONDS);
  return {
    secondsToWait: (remoteAddress) => {
      const now = clock.bootSeconds();
      const times = recent(sourceOf(remoteAddress), now);
      if (times.length < ALLOWED_WRONG_SECRETS) return 0;
      return Math.max(1, Math.ceil((times[0] ?? now) + WINDOW_SECONDS - now));
    },
    countWrongSecret: (remoteAddress) => {
      const now = clock.bootSeconds();
      const key = sourceOf(remoteAddress);
      wrongAt.set(key, [...recent(key, now), now].slice(-ALLOWED_WRONG_SECRETS));
    },
  };
}

/** One IPv4 address, or the /64 network that one IPv6 host can walk through at will. */
function sourceOf(remoteAddress: string): string {
  if (!ipaddr.isValid(remoteAddress)) return remoteAddress;
  const address = ipaddr.process(remoteAddress);
  return address.kind() === 'ipv4' ? address.toString() : address.toByteArray().slice(0, 8).join('.');
}
