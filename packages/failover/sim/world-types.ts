/** The model world's state. Everything is plain data that one event at a time changes. */
import type { Memory, Policy } from '../src/observation.ts';
import type { PlanKind } from '../src/plans.ts';
import type { PromotionRecord, TimelineFork } from '../src/promotion-history.ts';
import type { EventQueue } from './event-queue.ts';
import type { Mutant } from './mutants.ts';
import type { Random } from './random.ts';

/** One timeline that a promotion began; `uid` tells apart what PostgreSQL's timeline *numbers* do not. */
export interface Timeline {
  readonly uid: number;
  readonly number: number;
  readonly fromLsn: number;
  readonly record: PromotionRecord;
  /** Where its row in cluster_promotions was written, by each server that did. */
  readonly rows: { readonly uid: number; readonly lsn: number }[];
  /** Up to here writes of this timeline were acknowledged under `durability=sync`. */
  syncAckedLsn: number;
}

export interface SimDatabase {
  process: 'up' | 'starting' | 'down';
  recovery: boolean;
  /** Counts the postmaster's starts and crashes: what was under way in an earlier one is gone. */
  incarnation: number;
  /** Durable: the data, as the timelines that it went through and its end of WAL. */
  path: readonly Timeline[];
  endLsn: number;
  /** Durable: standby.signal, primary_conninfo and synchronous_standby_names. */
  standbySignal: boolean;
  upstream: number | null;
  syncNames: readonly number[];
  /** pg_promote was called and has not ended. */
  promoting: boolean;
  /** Of the walreceiver: the last message (boot clock), and what is on its way. */
  receivedMs: number | null;
  incoming: {
    readonly from: number;
    readonly incarnation: number;
    readonly path: readonly Timeline[];
    readonly endLsn: number;
  } | null;
  upstreamInRecovery: boolean | null;
  /** Of the walsender: what each standby said to have flushed, on the present timeline. */
  flushedBy: Map<number, number>;
  ackedLsn: number;
  stalledSinceMs: number | null;
}

export interface SimOperation {
  readonly id: number;
  readonly kind: PlanKind;
  readonly phases: { readonly name: string; state: string }[];
  granted: boolean;
  takingBack: boolean;
  readonly mainId: number;
  readonly candidateId: number;
  /** Main's term when it began. */
  readonly term: number;
  lastLsn: number | null;
  /** What the arbiter had said when it was decided. */
  decidedOn: ArbiterView | null;
  promotedUid: number | null;
}

export interface SimHandover {
  readonly operationId: number;
  readonly side: 'main' | 'candidate';
  state: 'shutting' | 'asked' | 'granted' | 'rolled_back' | 'discarded';
  goodUntilMs: number | null;
  readonly boot: number;
}

/** node.json: what survives the death of the process and of the machine. */
export interface SimNodeFile {
  role: 'main' | 'secondary';
  mainNodeId: number;
  term: number;
  /** Of the main that it follows: another term is another main, which it is judged by anew. */
  attachedTerm: number;
  peers: readonly number[];
  removed: boolean;
  promise: { readonly untilMs: number; readonly boot: number } | null;
  handover: SimHandover | null;
  fenced: boolean;
  diverged: boolean;
  promotions: readonly PromotionRecord[];
  hold: { readonly wallUntilMs: number } | null;
  lastFailover: { readonly wallAtMs: number; acknowledged: boolean } | null;
  leaseId: number | null;
  operation: SimOperation | null;
  /** The last term that this server took from the arbiter itself. */
  takenTerm: number;
  /** Switchovers up to this one are never begun (again) on this server. */
  discarded: number;
}

/** What one server says of itself in a probe, its reply, an announcement. */
export interface PeerStatus {
  readonly nodeId: number;
  readonly version: string;
  readonly term: number;
  readonly role: 'main' | 'secondary';
  readonly mainNodeId: number;
  readonly databaseState: 'writable' | 'recovery' | 'starting' | 'down';
  readonly promotions: readonly PromotionRecord[];
  /** No promotion is under way whose record the list may lack: before that nobody compares himself with it. */
  readonly listIsWhole: boolean;
  readonly endLsn: number;
  readonly timeline: number;
  readonly forks: readonly TimelineFork[];
  readonly walFlows: boolean;
  readonly following: boolean;
  readonly peers: readonly number[];
  readonly lastFailover: SimNodeFile['lastFailover'];
}

export interface PeerMemory {
  status: PeerStatus | null;
  /** When the question was asked that `status` answers; null: it came without being asked for. */
  statusAskedMs: number | null;
  heardMs: number | null;
  failedMs: number | null;
  databaseAnsweredMs: number | null;
  databaseFailedMs: number | null;
  promiseAskedMs: number | null;
  confirmsMain: boolean | null;
  confirmAskedMs: number | null;
}

export interface ArbiterMemory {
  heardMs: number | null;
  silent: boolean;
  view: ArbiterView | null;
  forgotMs: number | null;
}

/** What a process of the panel's server knows; lost with it. */
export interface SimProcess {
  state: 'running' | 'hung' | 'dead';
  incarnation: number;
  startedMs: number;
  memory: Memory;
  lease: { readonly id: number; readonly term: number; renewedMs: number; lost: boolean } | null;
  gateOpen: boolean;
  peers: Map<number, PeerMemory>;
  arbiter: ArbiterMemory;
  busy: Set<string>;
  databaseState: string;
  databaseSinceMs: number;
  startTried: boolean;
  step: number;
  stepRunning: boolean;
  /** Latest rules and sentence, for the trace and for the checks of reasons. */
  rules: string;
  sentence: string;
  blockerCount: number;
  /** Rows of cluster_promotions as they were read last; null: not yet. */
  promotionRows: readonly PromotionRecord[] | null;
  /** Since when the source that it must not follow any more sends nothing. */
  endedMs: number | null;
}

export interface SimNode {
  readonly id: number;
  version: string;
  /** Boot clock: base + elapsed × rate; it goes on in a suspended machine and begins anew at a reboot. */
  bootBaseMs: number;
  bootAtMs: number;
  boot: number;
  readonly rate: number;
  wallOffsetMs: number;
  /** Suspended or powered off: nothing of it runs. */
  machine: 'running' | 'suspended' | 'off';
  /** What a suspended machine does first when it goes on. */
  readonly delayed: (() => void)[];
  readonly delayedOfProcess: (() => void)[];
  file: SimNodeFile;
  process: SimProcess;
  database: SimDatabase;
  guard: { alive: boolean; deadlineMs: number | null };
  /** See invariants.ts: a machine that was suspended past its deadline may write until its guard has run. */
  excusedUntilMs: number;
  /** What befalls it when its operation comes to that step; see faults.ts. */
  trap: { readonly step: string; readonly spring: () => void } | null;
  /** WAL is received no more, though the connection lives: a lag. */
  receivingPaused: boolean;
}

export interface ArbiterView {
  readonly arbiterId: number;
  readonly revision: number;
  readonly main: { readonly nodeId: number; readonly term: number; readonly leaseId: number } | null;
  readonly term: number | null;
  readonly members: readonly number[];
  readonly durability: { readonly state: 'sync' | 'async'; readonly nodeIds: readonly number[] } | null;
  readonly durabilityRevision: number;
}

export interface SimArbiter {
  up: boolean;
  view: ArbiterView;
  readonly rate: number;
  leaseCount: number;
  /** Counts renewals: the planned end of an earlier one does nothing. */
  renewals: number;
}

export interface WorldConfig {
  readonly nodes: number;
  readonly arbiter: boolean;
  /** The arbiter starts empty, as when it is set up beside a running cluster. */
  readonly founded: boolean;
  readonly policy: Policy;
  readonly walReceiverTimeoutMs: number;
  readonly canStart: boolean;
  readonly mutant: Mutant | null;
  /** Scenarios: messages are neither lost nor late unless the script says so. */
  readonly calm: boolean;
}

/** Totals of one run, or of many. */
export interface Ledger {
  readonly firedRules: Set<number>;
  /** Terms that a server knows to have been given, and with which lease. */
  readonly termsGiven: Map<number, number>;
  promotions: number;
  failovers: number;
  switchovers: number;
  rolledBack: number;
}

/** Told of everything that happens, with the world's instant. */
export type Trace = (atMs: number, who: string, what: string) => void;

/** What the world's machinery calls; set once, where everything is put together. */
export interface Hooks {
  /** The watch of a server fired. */
  arbiterChanged: (world: World, node: SimNode) => void;
  operationBegun: (world: World, node: SimNode) => void;
}

export interface World {
  readonly hooks: Hooks;
  nowMs: number;
  readonly config: WorldConfig;
  policy: Policy;
  readonly random: Random;
  readonly queue: EventQueue;
  readonly nodes: readonly SimNode[];
  readonly arbiter: SimArbiter | null;
  /** `${from}>${to}`; 0 is the arbiter. One way each. */
  readonly cut: Set<string>;
  readonly removed: Set<number>;
  lossRate: number;
  readonly timelines: Timeline[];
  operationCount: number;
  readonly ledger: Ledger;
  /** The arbiter was put back to an older state: a term may come twice then. */
  restored: boolean;
  /** An admin said who is main, where nobody else could. */
  adminChose: boolean;
  /** First broken invariant. */
  violation: string | null;
  readonly trace: Trace | null;
}
