/** GET /api/cluster/status: all that the Cluster tab shows, in one reply, polled every 5 s. */
import { z } from 'zod';
import { divergenceSchema, holdSchema, lastFailoverSchema } from './change-of-main.ts';
import { clusterEventSchema } from './events.ts';
import { availabilitySchema, statusNodeSchema } from './nodes.ts';
import { operationSchema } from './operations.ts';
import { nodeParitySchema } from './parity.ts';
import { nodeIdSchema, percentSchema, reasonSchema, termSchema, timestampSchema, uuidSchema } from './primitives.ts';
import { databaseStateSchema, redisStateSchema, roleSchema, severitySchema } from './roles.ts';
import { scriptRunPhaseSchema } from './script.ts';
import { clusterSettingsSchema } from './settings.ts';

export const noticeSchema = z.object({
  code: z.string(),
  severity: severitySchema,
  sentence: z.string(),
  /** What to type, where a command is the cure. */
  command: z.string().nullable(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const indicatorSchema = z.object({
  name: z.enum([
    'main_heartbeat',
    'secondary_heartbeat',
    'replication_lag',
    'slot_active',
    'in_recovery',
    'versions_equal',
  ]),
  node_id: nodeIdSchema.nullable(),
  /** null: cannot be told now, which is not "fine". */
  ok: z.boolean().nullable(),
  sentence: z.string(),
});
export type Indicator = z.infer<typeof indicatorSchema>;

export const lossForecastSchema = z.object({
  loss_bytes: z.number().nonnegative().nullable(),
  wait_bytes: z.number().nonnegative().nullable(),
  knowledge_age_ms: z.number().nonnegative().nullable(),
  sentence: z.string(),
});

/** The page's Promote: one button, one confirmation (DESIGN §5). */
export const promoteAvailabilitySchema = availabilitySchema.extend({
  node_id: nodeIdSchema.nullable(),
  mode: z.enum(['switchover', 'emergency']),
  warnings: z.array(reasonSchema),
  /** The display name to type, when the name is asked at all. */
  confirm_name: z.string().nullable(),
  loss_forecast: lossForecastSchema.nullable(),
});

export const joinProgressSchema = z.object({
  node_id: nodeIdSchema,
  slot_name: z.string(),
  main_address: z.string(),
  script_path: z.string(),
  script_command: z.string(),
  download_command: z.string(),
  /** null once the one-time token is spent or has run out. */
  credential_expires_at: timestampSchema.nullable(),
  /** Where the data directory is put aside, so that the admin can find it (DESIGN §6.6). */
  old_database_note: z.string(),
  phases: z.array(scriptRunPhaseSchema),
  clone: statusNodeSchema.shape.clone,
  finished: z.boolean(),
});
export type JoinProgress = z.infer<typeof joinProgressSchema>;

export const actionNames = [
  'setup_main',
  'join',
  'leave',
  'disband',
  'rotate_secret',
  'change_settings',
  'hold',
  'end_hold',
  'acknowledge_failover',
  'claim_main',
  'allow_async',
  'rehearse',
  'rejoin',
] as const;

/** Automatic failover as this server sees it now (SAFETY §4). null on a standalone server. */
export const failoverStatusSchema = z.object({
  /** Nothing blocks, and the time has come or runs. */
  armed: z.boolean(),
  /** Until a failover would begin; null: nothing runs towards one. */
  countdown_ms: z.number().nonnegative().nullable(),
  /** What this server would or does do, in one sentence. */
  sentence: z.string(),
  /** Why it would not act now; the same reasons that stand in a `failover_blocked` event. */
  blockers: z.array(reasonSchema),
  hold: holdSchema.nullable(),
  last_failover: lastFailoverSchema.nullable(),
});
export type FailoverStatus = z.infer<typeof failoverStatusSchema>;

/** The third vote, where there is one. */
export const arbiterStatusSchema = z.object({
  state: z.enum(['ok', 'away', 'forgetful']),
  sentence: z.string(),
  lease_node_id: nodeIdSchema.nullable(),
  lease_ttl_ms: z.int(),
  /** On main: how long writes may still go on without a renewal. */
  deadline_in_ms: z.number().nullable(),
  /** On main: the guard beside PostgreSQL lives. */
  guard_alive: z.boolean().nullable(),
});
export type ArbiterStatus = z.infer<typeof arbiterStatusSchema>;

export const durabilityStatusSchema = z.object({
  wanted: z.enum(['async', 'sync']),
  /** `degraded`: sync is wanted, and writes go on without it. `stalled`: commits wait for a standby. */
  state: z.enum(['async', 'sync', 'degraded', 'stalled', 'unknown']),
  since: timestampSchema.nullable(),
  sentence: z.string(),
});
export type DurabilityStatus = z.infer<typeof durabilityStatusSchema>;

export const clusterStatusSchema = z.object({
  as_of: timestampSchema,
  /** How soon the page should ask again: shorter while an operation or a clone runs. */
  poll_after_ms: z.int(),
  server: z.object({
    server_id: uuidSchema,
    node_id: nodeIdSchema.nullable(),
    display_name: z.string().nullable(),
    role: roleSchema,
    effective_role: roleSchema,
    role_sentence: z.string(),
    version: z.string(),
    address: z.string(),
    api_url: z.string(),
    postgres_port: z.int(),
    redis_port: z.int(),
  }),
  database: z.object({
    state: databaseStateSchema,
    sentence: z.string(),
    postgres_version: z.string().nullable(),
    subscriber_count: z.number().nullable(),
    /** Settings that wait for a restart of PostgreSQL, with the command in `restart_command`. */
    pending_restart: z.array(z.string()),
    restart_command: z.string().nullable(),
  }),
  redis: z.object({ state: redisStateSchema, link_up: z.boolean().nullable(), sentence: z.string() }),
  writes: z.object({ allowed: z.boolean(), sentence: z.string() }),
  resources: z.object({
    cpu_percent: percentSchema.nullable(),
    memory_percent: percentSchema.nullable(),
    disk_percent: percentSchema.nullable(),
  }),
  cluster: z
    .object({
      cluster_id: uuidSchema,
      term: termSchema,
      is_active: z.boolean(),
      main_node_id: nodeIdSchema.nullable(),
      secret_fingerprint: z.string(),
      settings: clusterSettingsSchema,
      /** What holds now, in words (SAFETY §6). */
      promises: z.array(z.string()),
    })
    .nullable(),
  nodes: z.array(statusNodeSchema),
  indicators: z.array(indicatorSchema),
  /** Each node beside main, compared with main in what PostgreSQL does not replicate. */
  parity: z.array(nodeParitySchema),
  join: joinProgressSchema.nullable(),
  operation: operationSchema.nullable(),
  notices: z.array(noticeSchema),
  actions: z.record(z.enum(actionNames), availabilitySchema),
  promote: promoteAvailabilitySchema,
  failover: failoverStatusSchema.nullable(),
  arbiter: arbiterStatusSchema.nullable(),
  durability: durabilityStatusSchema.nullable(),
  /** This server holds rows that main does not have, or the other way round. */
  divergence: divergenceSchema.nullable(),
  events: z.array(clusterEventSchema),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;
