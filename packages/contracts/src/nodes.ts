/** A cluster_nodes row and what the page adds to it (DESIGN §3). */
import { z } from 'zod';
import {
  lsnSchema,
  nodeIdSchema,
  percentSchema,
  portSchema,
  reasonSchema,
  timestampSchema,
  uuidSchema,
} from './primitives.ts';
import { nodeStatusSchema, roleSchema } from './roles.ts';

/** The columns of cluster_nodes, word for word. */
export const clusterNodeRowSchema = z.object({
  id: nodeIdSchema,
  display_name: z.string(),
  role: roleSchema,
  server_id: uuidSchema,
  status: nodeStatusSchema,
  address: z.string(),
  api_url: z.string(),
  postgres_port: portSchema,
  redis_port: portSchema,
  version: z.string(),
  last_heartbeat_at: timestampSchema.nullable(),
  cpu_percent: percentSchema.nullable(),
  memory_percent: percentSchema.nullable(),
  disk_percent: percentSchema.nullable(),
  subscriber_count: z.int().nonnegative().nullable(),
  /** null is "unknown" and never shown as 0 (issue: lag is true). */
  replication_lag_seconds: z.number().nonnegative().nullable(),
  replication_lag_bytes: z.number().nonnegative().nullable(),
  slot_name: z.string().nullable(),
  joined_at: timestampSchema,
  removed_at: timestampSchema.nullable(),
});
export type ClusterNodeRow = z.infer<typeof clusterNodeRowSchema>;

/** Whether an action may be used now; `reasons` says why not, and the same sentences disable the button. */
export const availabilitySchema = z.object({ allowed: z.boolean(), reasons: z.array(reasonSchema) });
export type Availability = z.infer<typeof availabilitySchema>;

export const statusNodeSchema = clusterNodeRowSchema.extend({
  is_self: z.boolean(),
  is_main: z.boolean(),
  /** Why the node has this status, one sentence. */
  status_reason: z.string(),
  /** Later of the last heartbeat and the last good probe, as seen from this server. */
  last_seen_at: timestampSchema.nullable(),
  wal: z.object({
    /** unknown: nobody can tell now (receiver down, link cut, database away). */
    state: z.enum(['streaming', 'catchup', 'backup', 'none', 'unknown', 'source']),
    sent_lsn: lsnSchema.nullable(),
    replay_lsn: lsnSchema.nullable(),
    slot_active: z.boolean().nullable(),
    measured_at: timestampSchema.nullable(),
  }),
  clone: z
    .object({
      phase: z.string(),
      streamed_bytes: z.number().nonnegative(),
      total_bytes: z.number().nonnegative().nullable(),
      percent: z.number().min(0).max(100).nullable(),
    })
    .nullable(),
  remove: availabilitySchema,
});
export type StatusNode = z.infer<typeof statusNodeSchema>;
