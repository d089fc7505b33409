/** Cluster-wide settings (DESIGN §3), edited by an admin and replicated with cluster_config. All times are milliseconds. */
import { z } from 'zod';

const interval = z.int().min(200, 'At least 200 ms.').max(3_600_000, 'At most one hour.');

export const clusterSettingsSchema = z.object({
  heartbeat_interval_ms: interval,
  probe_interval_ms: interval,
  late_after_ms: interval,
  offline_after_ms: interval,
  failover_after_ms: interval,
  auto_failover: z.boolean(),
  db_down_after_ms: interval,
  durability: z.enum(['async', 'sync']),
  /** null: no limit; over 30 s of lag only warns. */
  max_failover_lag_bytes: z.int().nonnegative().nullable(),
  /** null: a returned main never promotes itself again without a peer or a person (SAFETY §3). */
  self_promote_after_ms: interval.nullable(),
});
export type ClusterSettings = z.infer<typeof clusterSettingsSchema>;

export const defaultClusterSettings: ClusterSettings = {
  heartbeat_interval_ms: 30_000,
  probe_interval_ms: 30_000,
  late_after_ms: 60_000,
  offline_after_ms: 120_000,
  failover_after_ms: 120_000,
  auto_failover: true,
  db_down_after_ms: 3_000,
  durability: 'async',
  max_failover_lag_bytes: null,
  self_promote_after_ms: null,
};

export const settingsPatchSchema = clusterSettingsSchema
  .partial()
  .strict()
  .refine((patch) => Object.keys(patch).length > 0, 'Name at least one setting to change.');
export type SettingsPatch = z.infer<typeof settingsPatchSchema>;

export const settingsReplySchema = z.object({ settings: clusterSettingsSchema });
