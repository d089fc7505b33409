/**
 * The third vote (SAFETY §3 "Lease"): etcd, behind an interface that knows the rules of the lease and nothing of etcd.
 * Keys below `/proxpanel/<cluster_id>/`: `main` (under the lease), `term`, `members/<node id>`, `durability`.
 * Every call has a time-out of its own. ARBITER_AWAY when no endpoint answers (or none has a quorum).
 */

/** Who is main, as the arbiter has it; it is gone when the lease has expired. */
export interface LeaseView {
  readonly nodeId: number;
  readonly term: number;
  /** The cluster's: it wins over this server's LEASE_TTL_MS. */
  readonly ttlMs: number;
  /** Of this very lease: longer than ttlMs during a planned restart. Who has to outwait the holder waits for this one. */
  readonly grantedTtlMs: number;
  readonly leaseId: string;
}

export interface DurabilityRecord {
  readonly state: 'sync' | 'async';
  /** Nodes in synchronous_standby_names, one of which every acknowledged write has reached. Empty with `async`. */
  readonly nodeIds: readonly number[];
  /** ISO 8601. */
  readonly since: string;
}

/** One consistent, linearizable look. */
export interface ArbiterView {
  /** etcd's own cluster id: another one means that the arbiter was set up anew. */
  readonly arbiterId: string;
  /** etcd's revision; one that fell means that the arbiter lost data. */
  readonly revision: number;
  readonly main: LeaseView | null;
  /** null: the arbiter knows nothing of this cluster (new, or it lost its data). */
  readonly term: number | null;
  readonly memberNodeIds: readonly number[];
  /** `modRevision` 0 with a null record. */
  readonly durability: { readonly record: DurabilityRecord | null; readonly modRevision: number };
}

export interface DecidedOn {
  /** Another etcd in the place of that one may have the same term and revision by chance. */
  readonly arbiterId: string;
  /** The term that the key must still have (null: that it must not exist); the new one is at least one more. */
  readonly term: number | null;
  readonly durabilityRevision: number;
}

export interface LeaseRequest {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly ttlMs: number;
  /** What it was decided on. null: a planned change, in which only the holder is compared; nobody else changes anything then. */
  readonly decidedOn: DecidedOn | null;
  /** This server's own term: the new one is above it too. */
  readonly ownTerm: number;
  /** Members to write in the same transaction when the term key does not exist; otherwise this node must be one. */
  readonly foundMembers: readonly number[];
  /** null: the key must be absent. Else it must name exactly this holder: a grant, or a rollback (SAFETY §3 "Grant"). */
  readonly takeOverFrom: { readonly nodeId: number; readonly term: number } | null;
}

export type LeaseResult =
  | {
      readonly taken: true;
      readonly leaseId: string;
      readonly term: number;
      /** Boot clock of this machine, ms, before the request was sent: deadlines count from here (SAFETY §3). */
      readonly startedMs: number;
      /** The lease's length: the arbiter's may have won over the request's, and etcd rounds up to seconds. */
      readonly ttlMs: number;
    }
  /** Another server has it, or something that was compared is no longer so; `sentence` for a person. */
  | { readonly taken: false; readonly sentence: string };

export type RenewResult =
  | { readonly renewed: true; readonly startedMs: number; readonly ttlMs: number }
  | { readonly renewed: false; readonly sentence: string };

export interface ArbiterPort {
  /** False: no ARBITER_URL; every other call then throws ARBITER_AWAY. */
  readonly configured: boolean;
  read(clusterId: string, signal?: AbortSignal): Promise<ArbiterView>;
  /**
   * One transaction: all comparisons, then lease, node and term together. An unused lease is given back.
   * ARBITER_AWAY leaves it open whether it was taken: `read` then tells, and the lease found there may be renewed.
   */
  takeLease(request: LeaseRequest): Promise<LeaseResult>;
  /** Keep-alive, and a look that the main key is still under this lease. `renewed: false` means: fence at once. */
  renewLease(clusterId: string, leaseId: string): Promise<RenewResult>;
  /**
   * The main key under a lease of another length, in one transaction that compares the old one (a planned restart:
   * 120 s). ARBITER_AWAY leaves it open under which of the two it is: `read` tells.
   */
  replaceLease(clusterId: string, leaseId: string, ttlMs: number): Promise<LeaseResult>;
  /** Ends the lease and with it the main key. May be repeated. */
  releaseLease(leaseId: string): Promise<void>;
  /** By the holder of the lease alone, compared in the transaction. False: it is no longer the holder. */
  writeMembers(clusterId: string, leaseId: string, nodeIds: readonly number[]): Promise<boolean>;
  /** By the holder alone; `durabilityRevision` as in LeaseRequest. Returns the new revision, or null when refused. */
  writeDurability(
    clusterId: string,
    leaseId: string,
    record: DurabilityRecord,
    durabilityRevision: number,
  ): Promise<number | null>;
  /**
   * Takes everything of this cluster away (disband, the last secondary's leaving), by the holder alone. Nothing there:
   * done. LEASE_HELD when this lease does not hold the main key.
   */
  forgetCluster(clusterId: string, leaseId: string): Promise<void>;
  /**
   * Calls `onChange` at each change of the main key, and once whenever the watch was (re)opened; reconnects by itself.
   * Resolves when the signal aborts.
   */
  watchMain(clusterId: string, onChange: () => void, signal: AbortSignal): Promise<void>;
}
