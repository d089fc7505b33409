/** Configure, test, join, leave, remove, disband, rotate: what an admin asks for (DESIGN §5–§7). */
import { z } from 'zod';
import {
  addressSchema,
  clusterSecretSchema,
  displayNameSchema,
  nodeIdSchema,
  timestampSchema,
  uuidSchema,
} from './primitives.ts';
import { roleSchema } from './roles.ts';

export const setupMainBodySchema = z
  .object({ display_name: displayNameSchema.optional(), address: addressSchema.optional() })
  .strict();
export type SetupMainBody = z.infer<typeof setupMainBodySchema>;

export const pendingRestartSchema = z.object({ name: z.string(), wanted: z.string(), running: z.string() });

export const setupMainReplySchema = z.object({
  cluster_id: uuidSchema,
  /** Shown once and never again (DESIGN §6.1). */
  cluster_secret: z.string(),
  node_id: nodeIdSchema,
  role: roleSchema,
  hba_line: z.string(),
  pending_restart: z.array(pendingRestartSchema),
  restart_command: z.string().nullable(),
  /** What the admin still has to do by hand, e.g. listen_addresses; empty when nothing. */
  advice: z.array(z.string()),
});
export type SetupMainReply = z.infer<typeof setupMainReplySchema>;

export const testConnectionBodySchema = z
  .object({ main_address: addressSchema, cluster_secret: clusterSecretSchema })
  .strict();

export const connectionCheckNames = [
  'api',
  'secret',
  'main_role',
  'panel_version',
  'postgres_version',
  'clock',
  'database_port',
  'redis_port',
  'disk_room',
  'database_limits',
  'postgres_control',
] as const;

export const connectionCheckSchema = z.object({
  name: z.enum(connectionCheckNames),
  ok: z.boolean(),
  /** True for a check that is passed but should be looked at, e.g. a round trip over 50 ms. */
  warning: z.boolean(),
  detail: z.string(),
  /** What to do about it; null when there is nothing to do. */
  fix: z.string().nullable(),
  latency_ms: z.number().nonnegative().optional(),
});
export type ConnectionCheck = z.infer<typeof connectionCheckSchema>;

export const testConnectionReplySchema = z.object({
  ok: z.boolean(),
  checks: z.array(connectionCheckSchema),
  main: z.object({ display_name: z.string(), subscriber_count: z.number().nullable() }).nullable(),
  /** This server's own data, which a join replaces (DESIGN §6.6). */
  own_subscriber_count: z.number().nullable(),
});
export type TestConnectionReply = z.infer<typeof testConnectionReplySchema>;

export const setupSecondaryBodySchema = z
  .object({
    main_address: addressSchema,
    cluster_secret: clusterSecretSchema,
    display_name: displayNameSchema.optional(),
  })
  .strict();
export type SetupSecondaryBody = z.infer<typeof setupSecondaryBodySchema>;

export const setupSecondaryReplySchema = z.object({
  node_id: nodeIdSchema,
  slot_name: z.string(),
  script_path: z.string(),
  script_command: z.string(),
});
export type SetupSecondaryReply = z.infer<typeof setupSecondaryReplySchema>;

export const leaveBodySchema = z
  .object({ promote_database: z.boolean({ error: 'Say whether the database is to be promoted (promote_database).' }) })
  .strict();
export const leaveReplySchema = z.object({ ok: z.literal(true), told_main: z.boolean(), sentence: z.string() });

export const removeNodeReplySchema = z.object({
  ok: z.literal(true),
  sentence: z.string(),
  /** Removing a node ends in a new secret (SAFETY §5), shown once; null when the node was already gone. */
  cluster_secret: z.string().nullable(),
});

export const disbandReplySchema = z.object({
  ok: z.literal(true),
  sentence: z.string(),
  /** Slots that are left, each with the command that drops it (DESIGN §7). */
  slots: z.array(z.object({ slot_name: z.string(), drop_command: z.string() })),
});

export const rotateSecretReplySchema = z.object({
  /** Shown once. */
  cluster_secret: z.string(),
  secret_fingerprint: z.string(),
  sentence: z.string(),
});

export const metricPointSchema = z.object({
  at: timestampSchema,
  cpu_percent: z.number().nullable(),
  memory_percent: z.number().nullable(),
  disk_percent: z.number().nullable(),
  replication_lag_bytes: z.number().nullable(),
  replication_lag_seconds: z.number().nullable(),
});
export type MetricPoint = z.infer<typeof metricPointSchema>;
export const nodeMetricsReplySchema = z.object({ node_id: nodeIdSchema, points: z.array(metricPointSchema) });
