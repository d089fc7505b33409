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
import type { Login } from '@proxpanel/contracts/peer';
import type { DatabaseState, RedisState, Role } from '@proxpanel/contracts/roles';
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import type { Promotion } from '@proxpanel/contracts/change-of-main';
import type { ArbiterPort } from './arbiter-ports.ts';
import type { NodeFile } from './node-file.ts';
import type { PeerPort, PortProbePort, SealPort } from './peer-ports.ts';
import type { UploadFilesPort } from './upload-ports.ts';
import type { DiskUsage, ReplicationPort, GuardPort, PostgresControlPort } from './postgres-ports.ts';

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

export interface HostPort {
  cpuPercent(): Promise<number | null>;
  memoryPercent(): Promise<number | null>;
  /** null when this process cannot see the path (a database in another container). */
  diskUsage(path: string): Promise<DiskUsage | null>;
  /** When the first certificate of this PEM file ends; null when it cannot be read. */
  certificateEndsAt(path: string): Promise<Date | null>;
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
  /**
   * Until the function that it resolves with is called this process makes no connection to it, and keeps none that lies
   * idle: PostgreSQL is about to be stopped, and would wait for each one to end. A look then says `down`.
   */
  hush(): Promise<() => void>;
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
  readonly uploads: UploadFilesPort;
}
