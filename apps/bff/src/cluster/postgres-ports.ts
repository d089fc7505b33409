/** What operations need of the local PostgreSQL itself: WAL, its way in and out of recovery, its guard, its start and stop. */
import type { TimelineFork } from '@proxpanel/contracts/change-of-main';
import type { Login, PostgresLimits } from '@proxpanel/contracts/peer';
import type { CloneProgress } from '@proxpanel/contracts/script';
import type { Reason } from '@proxpanel/failover/reason';

export interface DiskUsage {
  readonly usedPercent: number;
  readonly freeBytes: number;
}

/** One row of pg_stat_replication. */
export interface WalSender {
  readonly applicationName: string;
  readonly clientAddress: string | null;
  readonly state: string;
  readonly sentLsn: bigint | null;
  readonly flushLsn: bigint | null;
  readonly replayLsn: bigint | null;
  /** Age of the standby's last reply; a sender whose standby is silent says nothing true about lag. */
  readonly replyAgeMs: number | null;
}

/** pg_stat_wal_receiver. */
export interface WalReceiver {
  readonly status: string;
  readonly latestEndLsn: bigint | null;
  readonly lastMessageAgeMs: number | null;
  readonly senderHost: string | null;
  readonly timeoutMs: number;
}

export interface TimelineHistory {
  readonly timeline: number;
  /** Oldest first, the last one where `timeline` began; null: nothing is known of what came before. */
  readonly forks: readonly TimelineFork[] | null;
}

/** One consistent look at WAL on this server. */
export interface WalPositions {
  readonly inRecovery: boolean;
  /** pg_current_wal_lsn; null in recovery. */
  readonly currentLsn: bigint | null;
  readonly receiveLsn: bigint | null;
  readonly replayLsn: bigint | null;
  readonly senders: readonly WalSender[];
  readonly receiver: WalReceiver | null;
  readonly slots: readonly { readonly name: string; readonly active: boolean; readonly restartLsn: bigint | null }[];
  /** By application_name where it is known; pg_stat_progress_basebackup. */
  readonly clones: readonly (CloneProgress & {
    readonly applicationName: string;
    readonly clientAddress: string | null;
  })[];
  readonly atMs: number;
}

export interface SettingPending {
  readonly name: string;
  readonly wanted: string;
  readonly running: string;
}

/** A secondary's way to its main, as primary_conninfo says it. */
export interface StandbySource {
  readonly host: string;
  readonly port: number;
  readonly nodeId: number;
  readonly slotName: string;
  readonly login: Login;
}

/** Everything done to the local PostgreSQL itself, as superuser. */
export interface ReplicationPort {
  positions(): Promise<WalPositions>;
  limits(): Promise<PostgresLimits>;
  databaseBytes(): Promise<number>;
  /** df of the data directory as PostgreSQL sees it, also in recovery and from another container. */
  dataDirectoryUsage(): Promise<DiskUsage | null>;
  /** ALTER SYSTEM for a main (DESIGN §6.1, SAFETY §1); only ever raises. Reloads. Returns what waits for a restart. */
  applyMainSettings(options: { readonly walTimeoutMs: number }): Promise<SettingPending[]>;
  pendingRestart(): Promise<SettingPending[]>;
  /** True when other servers can reach it (listen_addresses is neither empty nor loopback alone). */
  listensBeyondLoopback(): Promise<boolean>;
  /** Role `replicator` (REPLICATION, SCRAM, EXECUTE on pg_rewind's functions); sets its password. Idempotent. */
  ensureReplicatorRole(login: Login): Promise<void>;
  /** A superuser login for the cluster's adapters, known to every member. Idempotent. */
  ensureClusterRole(login: Login): Promise<void>;
  /** Makes the marked block of pg_hba.conf hold exactly these lines, reloads, restores the old file on any error. */
  writeHbaBlock(lines: readonly string[]): Promise<void>;
  createSlot(name: string): Promise<void>;
  /** Idempotent; ends the walsender that uses it first. */
  dropSlot(name: string): Promise<void>;
  /** primary_conninfo and primary_slot_name by ALTER SYSTEM, passfile in the data directory, reload. Works in recovery. */
  setStandbySource(source: StandbySource): Promise<void>;
  clearStandbySource(): Promise<void>;
  /** Before a promotion: ends client backends, and takes away what its replay would wait for (SAFETY §3). */
  prepareCandidate(): Promise<void>;
  /** pg_promote, waiting up to `timeoutSeconds`. Returns the fork LSN and the new timeline. */
  promote(timeoutSeconds: number): Promise<{ timeline: number; forkLsn: string }>;
  /** Out of recovery: the timelines that the data have come through. */
  timelineHistory(): Promise<TimelineHistory>;
  /** In recovery: the same of the newest timeline of which WAL lies here. */
  receivedHistory(): Promise<TimelineHistory>;
  /** Puts these delays back and clears synchronous_standby_names. */
  restoreAfterPromotion(): Promise<void>;
  checkpoint(): Promise<void>;
  /** SAFETY §1 "demote": clients ended, no backend_xid left, CHECKPOINT, standby.signal, reload and one kill; resolves once in recovery. At once when it is there already. */
  demote(signal: AbortSignal): Promise<void>;
  /**
   * The end of this server's WAL, in recovery: waits until startup has replayed all that lies here (its wait event says so;
   * a position read earlier is too low, SAFETY §2).
   */
  endOfWal(signal: AbortSignal): Promise<bigint>;
  /** Whether standby.signal lies in the data directory. */
  standbySignal(): Promise<boolean>;
  /** "Fail-safe restart" (SAFETY §1): puts it there, or takes it away; does nothing when it is so already. */
  keepStandbySignal(present: boolean): Promise<void>;
  /** What SAFETY §1's preflight refuses or warns of, one sentence each; and the figures of the gap's estimate. */
  checkForShutdown(): Promise<ShutdownChecks>;
  /** pg_switch_wal(), for a follower whose WAL ends in a partial record (SAFETY §1). */
  switchWal(): Promise<void>;
  /**
   * Whether the server that our walreceiver hears is itself in recovery, asked of it with the replication login
   * (time-out 2 s). null when it does not answer.
   */
  upstreamInRecovery(source: StandbySource): Promise<boolean | null>;
  /** synchronous_standby_names = ANY 1 (node_…); empty: none. Reloads. */
  setSynchronousNodes(nodeIds: readonly number[]): Promise<void>;
  /**
   * Names in force, and which of them are in the state `sync` or `quorum` with flush at or past `beyond` (absent: past
   * where main is at this very look, which under load is never quite reached; pass the LSN read after the names were set).
   */
  synchronousState(beyond?: bigint | null): Promise<SynchronousState>;
  /**
   * Rows of each panel table whose `created_at` is after `since`: what a diverged server holds (an estimate by clock).
   * Works in recovery.
   */
  countRowsSince(since: Date): Promise<readonly { readonly table: string; readonly rows: number }[]>;
  /** SAFETY §1 "fence": standby.signal, kill of one backend; no CHECKPOINT, no commit. Resolves once in recovery, or throws. */
  fence(signal: AbortSignal): Promise<void>;
}

export interface ShutdownChecks {
  /** A switchover is refused. */
  readonly refusals: readonly Reason[];
  /** It is done all the same, and said before. */
  readonly warnings: readonly Reason[];
  readonly databaseBytes: number;
  readonly walSinceCheckpointBytes: number;
}

export interface SynchronousState {
  readonly nodeIds: readonly number[];
  /** Standbys that count now and have flushed up to `beyond`. */
  readonly caughtUpNodeIds: readonly number[];
  /** Backends that wait for a standby. */
  readonly waitingBackends: number;
  /** Main's end of WAL at this look; null in recovery. */
  readonly currentLsn: bigint | null;
}

/** The guard beside PostgreSQL (SAFETY §3): fences at `proxpanel.deadline` with nobody's help. */
export interface GuardPort {
  /**
   * Writes the deadline (boot clock, ms) into the data directory and makes sure that the guard lives, starting it when it
   * does not. Resolves with whether it lives.
   */
  keep(deadlineMs: number): Promise<boolean>;
  /** Ends it: nothing is to be fenced (disband, the last secondary has left, a secondary). */
  stop(): Promise<void>;
}

/** Starting and stopping the local PostgreSQL (POSTGRES_CONTROL with RUN_SCRIPTS, or `supervised`). */
export interface PostgresControlPort {
  /** null: no control; demote and fence are the only ways. */
  readonly kind: 'docker' | 'pg_ctlcluster' | 'pg_ctl' | 'supervised' | null;
  /** Fast stop; resolves when it has ended. `supervised`: something else starts it again at once. HOST_FAULT. */
  stop(signal: AbortSignal): Promise<void>;
  /** Resolves when it has been told to start; whether it answers is the watch's to say. HOST_FAULT. */
  start(signal: AbortSignal): Promise<void>;
  /** Of a stopped server: where its latest checkpoint begins (pg_controldata). HOST_FAULT when that cannot be read. */
  latestCheckpoint(signal: AbortSignal): Promise<bigint>;
  /** Processes of this server that still live although it answers no more; null when this process cannot see them. */
  livingProcesses(): Promise<number | null>;
}
