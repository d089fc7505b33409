/**
 * All that one tick of a server knows, and nothing that it does. Built in one place of the BFF, and by the simulator.
 * Instants are milliseconds of this machine's boot clock (it goes on while a virtual machine is suspended, SAFETY §3),
 * except those called `wall…`. `null` is "not known", never "fine".
 */
export interface Observation {
  readonly nowMs: number;
  /** Wall clock, only for what people set by it: holds, and the hour between two automatic failovers. */
  readonly wallMs: number;
  readonly self: SelfFacts;
  readonly database: DatabaseFacts;
  /** The other listed members; a removed one is not listed. */
  readonly peers: readonly PeerFacts[];
  /** null: this cluster has no arbiter. */
  readonly arbiter: ArbiterFacts | null;
}

/** What node.json and this process say of this server. */
export interface SelfFacts {
  readonly nodeId: number;
  /** By node.json; the effective role also asks the database. */
  readonly role: 'main' | 'secondary';
  readonly mainNodeId: number;
  readonly term: number;
  readonly version: string;
  /** When this process began: for one TTL after it a secondary never promotes, and silence is counted from it. */
  readonly startedMs: number;
  /** It was superseded; its writes are shut until it follows or is repaired. */
  readonly fenced: boolean;
  readonly diverged: boolean;
  readonly cloning: boolean;
  /** An operation that changes roles or membership runs here; a noun phrase. */
  readonly operation: string | null;
  readonly gateOpen: boolean;
  /** A promise of this server, not to promote before that instant (SAFETY §3 "Arbiter away"). */
  readonly promisedUntilMs: number | null;
  /** A change of main that is not settled (SAFETY §3 "Grant"). */
  readonly handover: HandoverFacts | null;
  readonly hold: { readonly wallUntilMs: number; readonly actor: string; readonly reason: string } | null;
  readonly lastFailover: { readonly wallAtMs: number; readonly acknowledged: boolean } | null;
  /** The lease that this server believes to hold: last renewal that the arbiter confirmed, counted from before it was sent. */
  /** An admin said that this server is main although the arbiter does not answer: stands in for a lease until it does. */
  readonly overridden?: boolean;
  readonly lease: { readonly renewedMs: number; readonly ttlMs: number; readonly lost: boolean } | null;
}

export interface HandoverFacts {
  readonly side: 'main' | 'candidate';
  readonly state: 'shutting' | 'asked' | 'granted' | 'rolled_back' | 'discarded';
  readonly goodUntilMs: number | null;
}

export interface DatabaseFacts {
  readonly state: 'writable' | 'recovery' | 'starting' | 'down';
  /** Since when it is in that state. */
  readonly sinceMs: number;
  /** Down because nothing listens there: it is dead, and not merely slow. */
  readonly refusesConnections: boolean;
  /** The walreceiver was heard within its time-out. */
  readonly walFlows: boolean;
  /**
   * The server that our walreceiver hears is itself in recovery: it was shut (by its guard, say) and takes no writes,
   * though its walsender goes on. null: not asked, or it did not answer.
   */
  readonly upstreamInRecovery: boolean | null;
  readonly receivedLsn: bigint | null;
  /** Main's last known end of WAL minus what was received here. */
  readonly lagBytes: number | null;
  /** Main: standby.signal lies in the data directory (SAFETY §1 "Fail-safe restart"). null: not looked yet. */
  readonly standbySignal: boolean | null;
  /** Main with an arbiter: the guard lives. */
  readonly guardAlive: boolean | null;
  /** A start was tried since it went down (only with control). */
  readonly startTried: boolean;
  readonly canStart: boolean;
  /** Names in synchronous_standby_names, those of them that have caught up, and whether commits wait. */
  readonly synchronous: SynchronousFacts | null;
}

export interface SynchronousFacts {
  readonly nodeIds: readonly number[];
  readonly caughtUpNodeIds: readonly number[];
  /** Since when commits have waited with no named standby moving; null: none waits. */
  readonly stalledSinceMs: number | null;
}

export interface PeerFacts {
  readonly nodeId: number;
  /** Last answer of its BFF by any call in either direction. */
  readonly heardMs: number | null;
  /** Its last probe failed, or its PostgreSQL port did: asked after the last success. */
  readonly apiSilent: boolean;
  /** When its PostgreSQL port last answered a knock; only main's is knocked on. */
  readonly databaseAnsweredMs: number | null;
  readonly databaseSilent: boolean;
  readonly version: string | null;
  readonly term: number | null;
  /** Who it takes for main of that term. Missing: not known. */
  readonly mainNodeId?: number | null;
  /** It said, when last heard, that it is main and takes writes. */
  readonly isWritingMain: boolean;
  readonly promotionIds: readonly string[];
  readonly receivedLsn: bigint | null;
  /**
   * When the question was asked whose answer said `receivedLsn`: what it received since then is not in it. Missing:
   * `heardMs` stands in for it.
   */
  readonly receivedAskedMs?: number | null;
  readonly walFlows: boolean;
  readonly following: boolean;
  /** It promised not to promote; counted from before it was asked. */
  readonly promiseAskedMs: number | null;
  readonly promisedForMs: number;
  /** Answer to the last "am I still main?", asked in this start of the database; null: none yet. */
  readonly confirmsMain: boolean | null;
  /** When that was asked. Missing or null: not known, and the answer does not count where an arbiter is asked as well. */
  readonly confirmAskedMs?: number | null;
}

export interface ArbiterFacts {
  /** When its last good answer had been asked for; null: never since the start. */
  readonly heardMs: number | null;
  /** The last question went unanswered. */
  readonly silent: boolean;
  /** As of `heardMs`. */
  readonly lease: { readonly nodeId: number; readonly term: number } | null;
  /** null: it knows nothing of this cluster. */
  readonly term: number | null;
  readonly isMember: boolean;
  readonly memberNodeIds: readonly number[];
  readonly durability: { readonly state: 'sync' | 'async'; readonly nodeIds: readonly number[] } | null;
  /** Another etcd cluster, or a revision that fell: when that was first seen (SAFETY §3: wait one TTL). */
  readonly forgotMs: number | null;
}

/** What does not change from tick to tick: settings, and facts of the installation. */
export interface Policy {
  readonly autoFailover: boolean;
  readonly failoverAfterMs: number;
  readonly dbDownAfterMs: number;
  readonly durability: 'async' | 'sync';
  readonly maxFailoverLagBytes: number | null;
  readonly selfPromoteAfterMs: number | null;
  readonly leaseTtlMs: number;
  /** Between main's own deadline and the lease's end (SAFETY §3: at least 1 s). */
  readonly leaseMarginMs: number;
}

/** What a tick hands to the next one. Lost with the process; nothing in it is needed to be safe. */
export interface Memory {
  /** Since when the arbiter shows no lease, as long as it does; and whether a lease had been seen before it. */
  readonly leaseAbsentMs: number | null;
  readonly leaseSeen: boolean;
  /** The blockers that the last `failover_blocked` event named, so that it is told once. */
  readonly toldBlockers: string;
}

export const emptyMemory: Memory = { leaseAbsentMs: null, leaseSeen: false, toldBlockers: '' };
