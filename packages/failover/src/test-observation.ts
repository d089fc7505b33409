/** Observations for the tests: a healthy server, of which each test changes what it is about. */
import { decide } from './decide.ts';
import type { ActionKind, Decision } from './decision.ts';
import {
  emptyMemory,
  type ArbiterFacts,
  type DatabaseFacts,
  type Memory,
  type Observation,
  type PeerFacts,
  type Policy,
  type SelfFacts,
} from './observation.ts';

export const NOW_MS = 1_000_000;
export const WALL_MS = 1_700_000_000_000;

export interface Changes {
  readonly self?: Partial<SelfFacts>;
  readonly database?: Partial<DatabaseFacts>;
  readonly peer?: Partial<PeerFacts>;
  /** Beside the first one. */
  readonly otherPeer?: Partial<PeerFacts>;
  readonly peers?: readonly PeerFacts[];
  readonly arbiter?: Partial<ArbiterFacts> | null;
  readonly policy?: Partial<Policy>;
  readonly memory?: Partial<Memory>;
}

const policy: Policy = {
  autoFailover: true,
  failoverAfterMs: 120_000,
  dbDownAfterMs: 3_000,
  durability: 'async',
  maxFailoverLagBytes: null,
  selfPromoteAfterMs: null,
  leaseTtlMs: 10_000,
  leaseMarginMs: 1_000,
};

const self: SelfFacts = {
  nodeId: 1,
  role: 'main',
  mainNodeId: 1,
  term: 5,
  version: '1.0.0',
  startedMs: NOW_MS - 600_000,
  fenced: false,
  diverged: false,
  cloning: false,
  operation: null,
  gateOpen: true,
  promisedUntilMs: null,
  handover: null,
  hold: null,
  lastFailover: null,
  lease: { renewedMs: NOW_MS - 500, ttlMs: 10_000, lost: false },
};

const database: DatabaseFacts = {
  state: 'writable',
  sinceMs: NOW_MS - 500_000,
  refusesConnections: false,
  walFlows: false,
  upstreamInRecovery: null,
  receivedLsn: 5_000n,
  lagBytes: 0,
  standbySignal: true,
  guardAlive: true,
  startTried: false,
  canStart: false,
  synchronous: { nodeIds: [], caughtUpNodeIds: [], stalledSinceMs: null },
};

export const follower: PeerFacts = {
  nodeId: 2,
  heardMs: NOW_MS - 300,
  apiSilent: false,
  databaseAnsweredMs: null,
  databaseSilent: false,
  version: '1.0.0',
  term: 5,
  isWritingMain: false,
  promotionIds: [],
  receivedLsn: 5_000n,
  receivedAskedMs: NOW_MS - 350,
  walFlows: true,
  following: true,
  promiseAskedMs: null,
  promisedForMs: 10_000,
  confirmsMain: null,
  confirmAskedMs: null,
};

/** As a secondary sees it: gone since long before anybody would wait for. */
const lostMain: PeerFacts = {
  ...follower,
  nodeId: 1,
  heardMs: NOW_MS - 200_000,
  apiSilent: true,
  databaseAnsweredMs: NOW_MS - 200_000,
  databaseSilent: true,
  isWritingMain: true,
  walFlows: false,
  following: false,
};

const arbiter: ArbiterFacts = {
  heardMs: NOW_MS - 100,
  silent: false,
  lease: { nodeId: 1, term: 5 },
  term: 5,
  isMember: true,
  memberNodeIds: [1, 2],
  durability: null,
  forgotMs: null,
};

/** A main that serves, with an arbiter and one secondary. */
export function asMain(changes: Changes = {}): Decision {
  const peers = changes.peers ?? [{ ...follower, ...changes.peer }, ...another(changes)];
  return run({ self, database, peers, arbiter }, changes, {});
}

/** A secondary whose main has been lost for long, and against whose promotion nothing speaks. */
export function asSecondary(changes: Changes = {}): Decision {
  const peers = changes.peers ?? [{ ...lostMain, ...changes.peer }, ...another(changes)];
  const secondary: SelfFacts = { ...self, nodeId: 2, role: 'secondary', gateOpen: false, lease: null };
  const ended: ArbiterFacts = { ...arbiter, lease: null };
  const memory: Partial<Memory> = { leaseSeen: true, leaseAbsentMs: NOW_MS - 1_000 };
  const state: DatabaseFacts = { ...database, state: 'recovery', guardAlive: null };
  return run({ self: secondary, database: state, peers, arbiter: ended }, changes, memory);
}

/** The same without an arbiter. */
export function asSecondaryAlone(changes: Changes = {}): Decision {
  return asSecondary({ ...changes, arbiter: null });
}

export function kinds({ actions }: Decision): readonly ActionKind[] {
  return actions.map(({ kind }) => kind);
}

export function codes({ blockers }: Decision): readonly string[] {
  return blockers.map(({ code }) => code);
}

function another({ otherPeer }: Changes): readonly PeerFacts[] {
  return otherPeer === undefined ? [] : [{ ...follower, nodeId: 3, ...otherPeer }];
}

function run(base: Omit<Observation, 'nowMs' | 'wallMs'>, changes: Changes, memory: Partial<Memory>): Decision {
  const observation: Observation = {
    nowMs: NOW_MS,
    wallMs: WALL_MS,
    self: { ...base.self, ...changes.self },
    database: { ...base.database, ...changes.database },
    peers: base.peers,
    arbiter: changes.arbiter === null || base.arbiter === null ? null : { ...base.arbiter, ...changes.arbiter },
  };
  return decide(observation, { ...emptyMemory, ...memory, ...changes.memory }, { ...policy, ...changes.policy });
}
