/**
 * Is a proved token fresh, and seen for the first time? (SAFETY §5)
 *
 * While this process runs, each `jti` is remembered for longer than its token can be accepted. What the process before
 * it accepted is not known one by one, so after a start a token is believed by its time alone only if it was made
 * after the start and after the newest one that node.json knows of its caller. Every other caller is asked to sign a
 * nonce of ours, which proves freshness without any clock: one more round trip, never a silence.
 */
import { randomBytes } from 'node:crypto';
import type { ClusterTokenClaims } from '@proxpanel/contracts/peer';
import type { ClockPort, LogPort, NodeFilePort } from '../cluster/ports.ts';
import { VerificationFault, type VerifiedPeer } from '../cluster/peer-ports.ts';
import { TOKEN_LIFETIME_SECONDS } from './cluster-token.ts';
import { createNewestTimes, type NewestTimes } from './newest-times.ts';

const MAX_SKEW_SECONDS = 60;
const NONCE_LIFETIME_SECONDS = 60;
/** A token of a clock 60 s ahead lives 120 s from now; the rest is for rounding. */
const REMEMBERED_SECONDS = MAX_SKEW_SECONDS + TOKEN_LIFETIME_SECONDS + 5;
/** Some 400 proved calls a second for two minutes: no cluster of servers comes near it. */
const MAX_REMEMBERED = 50_000;
const MAX_NONCES = 1_000;

type Proof = Pick<VerifiedPeer, 'jti' | 'secret'>;

export interface Freshness {
  /** @throws VerificationFault BAD_TOKEN, TOKEN_EXPIRED, TOKEN_REPLAYED, CLOCK_SKEW with a nonce, TOO_MANY_REQUESTS. */
  admit(claims: ClusterTokenClaims, proof: Proof): Promise<void>;
  close(): Promise<void>;
}

interface State {
  readonly clock: ClockPort;
  /** Whole seconds, rounded up: `iat` is rounded down. */
  readonly startedAt: number;
  readonly newest: NewestTimes;
  /** By issuer and jti; boot seconds of the end. Insertion order is the order of the ends. */
  readonly seen: Map<string, number>;
  readonly nonces: Map<string, { readonly issuer: string; readonly until: number }>;
}

export function createFreshness(parts: {
  readonly nodeFile: NodeFilePort;
  readonly clock: ClockPort;
  readonly log: LogPort;
}): Freshness {
  const state: State = {
    clock: parts.clock,
    startedAt: Math.ceil(parts.clock.nowMs() / 1000),
    newest: createNewestTimes(parts),
    seen: new Map(),
    nonces: new Map(),
  };
  return { admit: (claims, proof) => admit(state, claims, proof), close: () => state.newest.close() };
}

async function admit(state: State, claims: ClusterTokenClaims, proof: Proof): Promise<void> {
  const lifetime = claims.exp - claims.iat;
  if (!(lifetime > 0 && lifetime <= TOKEN_LIFETIME_SECONDS)) {
    throw new VerificationFault('BAD_TOKEN', 'A cluster token may live for 60 s at most.', proof);
  }
  const bootNow = state.clock.bootSeconds();
  remember(state, `${claims.iss} ${claims.jti}`, bootNow, proof);
  if (claims.nonce !== undefined && spendNonce(state, claims.nonce, claims.iss, bootNow)) return;
  const now = state.clock.nowMs() / 1000;
  const doubt = doubtAbout(state, claims, now);
  if (doubt !== null) {
    const nonce = makeNonce(state, claims.iss, bootNow);
    throw new VerificationFault('CLOCK_SKEW', doubt, proof, { nonce });
  }
  if (claims.exp < now) throw new VerificationFault('TOKEN_EXPIRED', 'The cluster token has expired.', proof);
  await state.newest.record(claims.iss, claims.iat, now);
}

/** Why the token's time alone does not prove that it is fresh; null when it does. */
function doubtAbout(state: State, { iss, iat }: ClusterTokenClaims, now: number): string | null {
  const apart = iat - now;
  if (Math.abs(apart) > MAX_SKEW_SECONDS) {
    const direction = apart < 0 ? 'behind' : 'ahead of';
    return `The two clocks differ by ${durationText(Math.abs(apart))}: the caller's is ${direction} this server's.`;
  }
  if (iat < state.startedAt || iat <= state.newest.beforeStart(iss)) {
    return 'This server has started since that token was made, and asks for a fresh proof.';
  }
  // Out of order by more than the allowed skew: the caller's clock, or ours, was set back.
  if (iat < state.newest.sinceStart(iss) - MAX_SKEW_SECONDS) {
    return `The caller's clock was set back by ${durationText(state.newest.sinceStart(iss) - iat)}.`;
  }
  return null;
}

/** Also a token that is refused later stays remembered: none is worth a second look. */
function remember(state: State, key: string, bootNow: number, proof: Proof): void {
  for (const [old, until] of state.seen) {
    if (until > bootNow) break;
    state.seen.delete(old);
  }
  if (state.seen.has(key)) {
    throw new VerificationFault('TOKEN_REPLAYED', 'This cluster token was used before.', proof);
  }
  // Forgetting one early would let it be used twice.
  if (state.seen.size >= MAX_REMEMBERED) {
    throw new VerificationFault('TOO_MANY_REQUESTS', 'Too many calls between servers; wait a minute.', proof, {
      retryAfterSeconds: NONCE_LIFETIME_SECONDS,
    });
  }
  state.seen.set(key, bootNow + REMEMBERED_SECONDS);
}

function makeNonce(state: State, issuer: string, bootNow: number): string {
  const nonce = randomBytes(24).toString('base64url');
  if (state.nonces.size >= MAX_NONCES) {
    const oldest = state.nonces.keys().next();
    if (!oldest.done) state.nonces.delete(oldest.value);
  }
  state.nonces.set(nonce, { issuer, until: bootNow + NONCE_LIFETIME_SECONDS });
  return nonce;
}

function spendNonce(state: State, nonce: string, issuer: string, bootNow: number): boolean {
  const made = state.nonces.get(nonce);
  state.nonces.delete(nonce);
  return made?.issuer === issuer && made.until > bootNow;
}

/** "45 s", "3 min", "1 h", "2 days": to the precision that a person sets a clock by. */
export function durationText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.round(minutes / 6) / 10} h` : `${Math.round(minutes / 1_440)} days`;
}
