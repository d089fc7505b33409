/**
 * What this process has seen since it started: heartbeats, probes, measurements. Nothing in here is needed to be safe;
 * after a restart it is empty and fills again (what must survive is in node.json).
 */
import type { CloneProgress } from '@proxpanel/contracts/script';
import type { Operation } from '@proxpanel/contracts/operations';
import type { ParityFacts } from '@proxpanel/contracts/parity';
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import type { LsnSample } from '@proxpanel/failover/lag';
import type { Promotion, TimelineFork } from '@proxpanel/contracts/change-of-main';
import { emptyMemory, type Memory } from '@proxpanel/failover/observation';
import type { Decision } from '@proxpanel/failover/decision';
import type { ArbiterView } from './arbiter-ports.ts';
import type { SynchronousState, TimelineHistory, WalPositions } from './postgres-ports.ts';

export interface ProbeMemory {
  readonly lastGoodAtMs: number | null;
  readonly lastFailedAtMs: number | null;
  readonly lastFailure: string | null;
  readonly reply: PeerStatusReply | null;
  /** Its clock minus ours at the last answer, half the round trip taken off. */
  readonly clockAheadMs?: number;
}

/** What is known of a member's sounds, by the boot clock in ms (SAFETY §3): the wall clock may jump. */
export interface Sounds {
  /** Last answer or call of its BFF. */
  heardMs: number | null;
  /** Last call to it that failed. */
  failedMs: number | null;
  /** Its PostgreSQL port answered, or did not; only main's is knocked on. */
  databaseAnsweredMs: number | null;
  databaseFailedMs: number | null;
  /** It promised not to promote: when it was asked, and for how long. */
  promiseAskedMs: number | null;
  promisedForMs: number;
  /** "You are still main", said since this database last came up. */
  confirmsMain: boolean | null;
  /** When that was asked, and when the probe whose answer said what it has received. */
  confirmAskedMs: number | null;
  receivedAskedMs: number | null;
}

/** The lease that this server holds, as it last heard of it. */
export interface HeldLease {
  readonly leaseId: string;
  readonly term: number;
  readonly ttlMs: number;
  /** Before the last successful renewal was sent. */
  readonly renewedMs: number;
  /** The arbiter said that it has ended or is another's. */
  readonly lost: boolean;
}

/** The arbiter's last answer. */
export interface ArbiterMemory {
  view: ArbiterView | null;
  /** When the question of `view` was asked. */
  heardMs: number | null;
  silent: boolean;
  sentence: string;
  forgotMs: number | null;
}

export interface HeartbeatMemory {
  readonly atMs: number;
  readonly cloning: boolean;
  readonly standing?: Standing;
}

export type Standing = PeerStatusReply['standing'];

export interface MainsPromotions {
  readonly nodeId: number;
  readonly term: number;
  readonly promotions: readonly Promotion[];
  /** Of its database; null: it did not know. */
  readonly timeline: number | null;
  readonly forks: readonly TimelineFork[];
  /** Boot clock: when it was asked for. null: it came unasked, and may have been long on its way. */
  readonly askedMs: number | null;
}

export interface StuckFollower {
  /** Boot clock, ms. */
  readonly sinceMs: number;
  /** The promotion for which pg_switch_wal was run. */
  readonly switchedFor: string | null;
}

export interface Resources {
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  readonly diskPercent: number | null;
  readonly subscriberCount: number | null;
}

export interface ClusterMemory {
  /** On main: when each secondary's last heartbeat came in, by node id, whether it clones, and how it stands to main. */
  readonly heartbeats: Map<number, HeartbeatMemory>;
  /** Main's list of promotions, as it last said it of this term. */
  mainsPromotions: MainsPromotions | null;
  /** On main: secondaries that may follow and do not stream. */
  readonly stuckFollowers: Map<number, StuckFollower>;
  /** Secondary: replica_* slots here, and since when (boot clock, ms) they have been seen unused. */
  readonly idleSlots: Map<string, number>;
  /** Secondary: when it attached to its main (boot clock, ms), and how often its PostgreSQL was started since. */
  followed: { readonly atMs: number; readonly starts: number } | null;
  /** Events of the journal that main has taken. */
  readonly takenEvents: Set<string>;
  readonly probes: Map<number, ProbeMemory>;
  /** On main: the nodes whose last event said that they are offline. */
  readonly calledOffline: Set<number>;
  /** On a secondary: main's answer to the last heartbeat that it answered. */
  mainWriteLsn: { readonly lsn: bigint; readonly atMs: number } | null;
  lastHeartbeatSentOkAtMs: number | null;
  lastHeartbeatFailure: string | null;
  /** The members as main listed them last, and its tag of that list. */
  heardPeers: { readonly tag: string; readonly text: string } | null;
  cloneOfThisServer: CloneProgress | null;
  resources: Resources;
  /** What this server says of itself for the parity list; null: not measured yet, or in no cluster. */
  parity: ParityFacts | null;
  /** On a secondary: main's pictures are being fetched. */
  uploadsPull: Promise<void> | null;
  readonly sounds: Map<number, Sounds>;
  readonly arbiter: ArbiterMemory;
  lease: HeldLease | null;
  /** The deadline that the guard was last given. */
  guardDeadlineMs: number | null;
  guardAlive: boolean | null;
  standbySignal: boolean | null;
  synchronous: SynchronousState | null;
  /** Since when commits have waited with no synchronous standby moving. */
  stalledSinceMs: number | null;
  upstreamInRecovery: boolean | null;
  databaseSinceMs: number;
  startTried: boolean;
  /** Node's own clock: when promises were last asked for. */
  promisesAskedMs: number;
  decisionMemory: Memory;
  decision: Decision | null;
  positions: WalPositions | null;
  /** Rows of cluster_promotions as the local database had them when last seen: what its own data came through. null: not read yet. */
  promotionRows: readonly Promotion[] | null;
  /** Of the local database while it takes writes, as it was read last. */
  timelineHistory: TimelineHistory | null;
  /** The end of WAL as main has it: its own on main, the reported one on a secondary. Lag in seconds is read off it. */
  lsnHistory: readonly LsnSample[];
  operation: Operation | null;
  /** Faults of the periodic assertions, by name, shown as notices until they pass. */
  readonly standingFaults: Map<string, string>;
}

export function createClusterMemory(): ClusterMemory {
  return {
    heartbeats: new Map(),
    mainsPromotions: null,
    stuckFollowers: new Map(),
    idleSlots: new Map(),
    followed: null,
    takenEvents: new Set(),
    probes: new Map(),
    calledOffline: new Set(),
    mainWriteLsn: null,
    lastHeartbeatSentOkAtMs: null,
    lastHeartbeatFailure: null,
    heardPeers: null,
    cloneOfThisServer: null,
    resources: { cpuPercent: null, memoryPercent: null, diskPercent: null, subscriberCount: null },
    parity: null,
    uploadsPull: null,
    sounds: new Map(),
    arbiter: { view: null, heardMs: null, silent: false, sentence: '', forgotMs: null },
    lease: null,
    guardDeadlineMs: null,
    guardAlive: null,
    standbySignal: null,
    synchronous: null,
    stalledSinceMs: null,
    upstreamInRecovery: null,
    databaseSinceMs: 0,
    startTried: false,
    promisesAskedMs: -Infinity,
    decisionMemory: emptyMemory,
    decision: null,
    positions: null,
    promotionRows: null,
    timelineHistory: null,
    lsnHistory: [],
    operation: null,
    standingFaults: new Map(),
  };
}
