/**
 * What the cluster's operations need from the outside, and nothing else. The adapters (`postgres/`, `redis/`, `peer/`,
 * `host/`) stand behind these interfaces and never see each other; `context.ts` puts them together.
 * Every call has a time-out of its own; those that may take long also take an AbortSignal.
 * Failures arrive as `Fault` with a closed code.
 */
import type { ClusterEvent, EventListReply, ListEventsQuery } from '@proxpanel/contracts/events';
import type { MetricPoint } from '@proxpanel/contracts/membership';
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import type { Operation } from '@proxpanel/contracts/operations';
import type { Login, PostgresLimits } from '@proxpanel/contracts/peer';
import type { DatabaseState, RedisState, Role } from '@proxpanel/contracts/roles';
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import type { CloneProgress } from '@proxpanel/contracts/script';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { ArbiterPort } from './arbiter-ports.ts';
import type { NodeFile } from './node-file.ts';
import type { PeerPort, PortProbePort, SealPort } from './peer-ports.ts';
import type { Reason } from '@proxpanel/failover/reason';

export interface LogPort {
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

export interface ClockPort {
  nowMs(): number;
  /** Seconds since boot by /proc/uptime: it goes on while a VM is suspended (SAFETY §3). */
  bootSeconds(): number;
  /** /proc/sys/kernel/random/boot_id: an instant of the boot clock means nothing under another one. */
  bootId(): string;
}

/** STATE_DIR/node.json. */
export interface NodeFilePort {
  /** The file as last written; free, frozen. */
  get(): NodeFile;
  /** Changes one after another; resolves once the new file is fsynced and renamed. */
  update(change: (current: NodeFile) => NodeFile): Promise<NodeFile>;
  onChange(listener: (next: NodeFile) => void): () => void;
}

/** STATE_DIR/operations/<id>.json. */
export interface OperationFilesPort {
  save(operation: Operation): Promise<void>;
  read(id: string): Promise<Operation | null>;
  /** Newest first. */
  list(): Promise<Operation[]>;
}

export interface DiskUsage {
  readonly usedPercent: number;
  readonly freeBytes: number;
}

export interface HostPort {
  cpuPercent(): Promise<number | null>;
  memoryPercent(): Promise<number | null>;
  /** null when this process cannot see the path (a database in another container). */
  diskUsage(path: string): Promise<DiskUsage | null>;
  /** Writes SCRIPT_DIR/<name> with mode 0700, following no symbolic link; returns its path. */
  writeScript(name: string, text: string): Promise<string>;
  /** Runs a script of ours (RUN_SCRIPTS); resolves with its exit code. */
  runScript(path: string, args: readonly string[], signal: AbortSignal): Promise<number>;
}

/** What the last look at the local PostgreSQL saw. */
export interface DatabaseView {
  readonly state: DatabaseState;
  /** Nothing listens there: it is not running, rather than slow. */
  readonly refused: boolean;
  /** Why it is in this state, for a person. */
  readonly sentence: string;
  readonly versionNum: number | null;
  readonly versionText: string | null;
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly dataDirectory: string | null;
  readonly isSuperuser: boolean | null;
  readonly lookedAtMs: number;
}

export interface DatabaseWatchPort {
  /** The last view; never queries. */
  view(): DatabaseView;
  /** Looks now (time-out 2 s) and pushes a change. Never throws: a fault is a view with state `down`. */
  look(): Promise<DatabaseView>;
  onChange(listener: (view: DatabaseView, before: DatabaseView) => void): () => void;
}

export interface ClusterConfigRow {
  cluster_id: string;
  role: Role;
  node_id: number;
  is_active: boolean;
  term: number;
  secret_fingerprint: string;
  settings: ClusterSettings;
}

export type NewNode = Omit<ClusterNodeRow, 'id' | 'slot_name' | 'last_heartbeat_at' | 'removed_at' | 'joined_at'>;
export type NodePatch = Partial<Omit<ClusterNodeRow, 'id' | 'server_id' | 'joined_at'>>;

/** Reads and writes of the replicated rows. All run with `SET LOCAL synchronous_commit = local` (SAFETY §3). */
export interface ClusterRows {
  readConfig(): Promise<ClusterConfigRow | null>;
  /** Removed nodes too; oldest first. */
  listNodes(): Promise<ClusterNodeRow[]>;
  /** The row of the one cluster; replaces an inactive one. */
  writeConfig(row: ClusterConfigRow): Promise<void>;
  patchConfig(patch: Partial<ClusterConfigRow>): Promise<void>;
  insertNode(node: NewNode): Promise<ClusterNodeRow>;
  /** Sets slot_name = 'replica_<id>' among others. No such node: NODE_UNKNOWN. */
  patchNode(id: number, patch: NodePatch): Promise<void>;
  /** Takes all rows of an earlier, inactive cluster away (nodes and promotions; events stay). */
  clearCluster(): Promise<void>;
  /** Idempotent by event id. */
  appendEvents(events: readonly ClusterEvent[]): Promise<void>;
  insertPromotion(promotion: Promotion): Promise<void>;
  listPromotions(): Promise<Promotion[]>;
}

export interface ClusterRowsPort extends ClusterRows {
  /** All or nothing; serializable against other operations by an advisory lock. READ_ONLY or DATABASE_DOWN when it cannot be. */
  transaction<T>(work: (rows: ClusterRows) => Promise<T>): Promise<T>;
  listEvents(query: ListEventsQuery): Promise<Omit<EventListReply, 'complete'>>;
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
  /** Before a promotion: ends client backends, max_standby_streaming_delay = 0 (SAFETY §3). */
  prepareCandidate(): Promise<void>;
  /** pg_promote, waiting up to `timeoutSeconds`. Returns the fork LSN and the new timeline. */
  promote(timeoutSeconds: number): Promise<{ timeline: number; forkLsn: string }>;
  /** Puts max_standby_streaming_delay back and clears synchronous_standby_names. */
  restoreAfterPromotion(): Promise<void>;
  checkpoint(): Promise<void>;
  /**
   * SAFETY §1 "stop", all but the stop itself: clients ended, no backend_xid left, CHECKPOINT, standby.signal. The fast
   * stop is PostgresControlPort's. May be repeated.
   */
  prepareStop(signal: AbortSignal): Promise<void>;
  /** SAFETY §1 "demote": the same, then reload and one kill; resolves once in recovery. At once when it is there already. */
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
  terminateOtherClients(): Promise<void>;
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

export interface RedisView {
  readonly state: RedisState;
  readonly linkUp: boolean | null;
  readonly sentence: string;
  /** host:port that it follows; null when it follows nobody. */
  readonly follows: string | null;
  /** Why nobody may follow this Redis, for a `redis_alert` event: it restarted without its data (SAFETY §2). */
  readonly alert: string | null;
}

export interface RedisPort {
  view(): RedisView;
  look(): Promise<RedisView>;
  /**
   * ACL user for replicas (SAFETY §5), so that a rotation does not break REDIS_URL. Idempotent; main calls it at start
   * and at each change, `look` repeats it. The user is kept out of Redis's own files: after a restart of Redis nobody
   * can follow it until its data are seen to be there (SAFETY §2). BLOCKED when they are not.
   */
  ensureReplicationUser(login: Login): Promise<void>;
  /**
   * masteruser, masterauth, REPLICAOF, CONFIG REWRITE where there is a file. Idempotent: nothing when it follows already.
   * BLOCKED when the source lost the data that we hold (SAFETY §2); REDIS_DOWN when one of the two does not answer.
   */
  follow(source: { readonly host: string; readonly port: number; readonly login: Login }): Promise<void>;
  /** REPLICAOF NO ONE, masterauth cleared, CONFIG REWRITE. Idempotent. */
  stopFollowing(): Promise<void>;
  /** True when other servers can reach it (bind, protected-mode). */
  listensBeyondLoopback(): Promise<boolean>;
  /** Opens bind to every address where CONFIG SET allows it; returns advice where not. */
  openToReplicas(): Promise<string | null>;
  pushMetric(nodeId: number, point: MetricPoint): Promise<void>;
  /** Oldest first. Falls back to what this process saw itself when Redis is away. */
  readMetrics(nodeId: number): Promise<MetricPoint[]>;
}

/** The one thing the cluster knows of the panel. */
export interface PanelFactsPort {
  subscriberCount(): Promise<number | null>;
}

export interface Ports {
  readonly log: LogPort;
  readonly clock: ClockPort;
  readonly nodeFile: NodeFilePort;
  readonly operationFiles: OperationFilesPort;
  readonly host: HostPort;
  readonly database: DatabaseWatchPort;
  readonly rows: ClusterRowsPort;
  readonly replication: ReplicationPort;
  readonly guard: GuardPort;
  readonly postgresControl: PostgresControlPort;
  readonly arbiter: ArbiterPort;
  readonly redis: RedisPort;
  readonly peers: PeerPort;
  readonly portProbes: PortProbePort;
  readonly seal: SealPort;
  readonly panelFacts: PanelFactsPort;
}
