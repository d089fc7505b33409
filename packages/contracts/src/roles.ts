/** Roles, node states and event types: the closed word lists of DESIGN §2 and §3. */
import { z } from 'zod';

export const roleSchema = z.enum(['standalone', 'main', 'secondary']);
export type Role = z.infer<typeof roleSchema>;

export const databaseStateSchema = z.enum(['writable', 'recovery', 'starting', 'down']);
export type DatabaseState = z.infer<typeof databaseStateSchema>;

export const redisStateSchema = z.enum(['main', 'replica', 'down']);
export type RedisState = z.infer<typeof redisStateSchema>;

export const nodeStatusSchema = z.enum([
  'joining',
  'syncing',
  'online',
  'late',
  'offline',
  'unreachable',
  'fenced',
  'diverged',
  'removed',
]);
export type NodeStatus = z.infer<typeof nodeStatusSchema>;

export const eventTypeSchema = z.enum([
  'main_configured',
  'node_joined',
  'node_left',
  'node_removed',
  'node_offline',
  'node_online',
  'promote_requested',
  'switchover_started',
  'switchover_completed',
  'failover_started',
  'failover_completed',
  'failover_blocked',
  'main_fenced',
  'main_demoted',
  'split_brain_detected',
  'rejoin_completed',
  'settings_changed',
  'secret_rotated',
  'cluster_disbanded',
  'redis_alert',
  'main_resumed',
  'switchover_failed',
  'node_diverged',
  'durability_degraded',
  'durability_restored',
  'hold_set',
  'hold_ended',
  'failover_acknowledged',
  'arbiter_lost',
  'arbiter_back',
]);
export type EventType = z.infer<typeof eventTypeSchema>;

export const severitySchema = z.enum(['info', 'warning', 'critical']);
export type Severity = z.infer<typeof severitySchema>;

export const userRoleSchema = z.enum(['admin', 'reseller']);
export type UserRole = z.infer<typeof userRoleSchema>;
