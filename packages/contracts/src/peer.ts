/** What servers say to each other. Requests and replies are signed; sealed replies are a JWE (DESIGN §5, SAFETY §5). */
import { z } from 'zod';
import { nodeStatusSchema, databaseStateSchema, roleSchema } from './roles.ts';
import {
  displayNameSchema,
  lsnSchema,
  nodeIdSchema,
  percentSchema,
  portSchema,
  termSchema,
  timestampSchema,
  uuidSchema,
} from './primitives.ts';
import { clusterSettingsSchema } from './settings.ts';
import { cloneProgressSchema } from './script.ts';
import { holdSchema, lastFailoverSchema, promotionSchema, timelineForkSchema } from './change-of-main.ts';
import { clusterEventSchema } from './events.ts';
import { parityFactsSchema } from './parity.ts';

/** Claims of X-Cluster-Token. `iss` is `node:<id>`, or `server:<uuid>` on join and preflight. */
export const clusterTokenClaimsSchema = z.object({
  iss: z.string().max(100),
  aud: z.string().max(300),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().max(100),
  /** base64url SHA-256 of the body, of no bytes when there is none. */
  body_sha256: z.string().max(64),
  /** Only after a 401 CLOCK_SKEW: the nonce that it carried. */
  nonce: z.string().max(100).optional(),
});
export type ClusterTokenClaims = z.infer<typeof clusterTokenClaimsSchema>;

/** Claims of X-Cluster-Reply. */
export const clusterReplyClaimsSchema = z.object({
  in_reply_to: z.string(),
  status: z.number(),
  body_sha256: z.string(),
  iat: z.number(),
});

const hostShape = z.string().trim().min(1).max(255);
const versionShape = z.string().trim().min(1).max(50);

export const preflightBodySchema = z
  .object({ server_id: uuidSchema, version: versionShape, postgres_version_num: z.int().nullable() })
  .strict();

/** PostgreSQL limits that a standby needs at least as high as its main (DESIGN §6.3). */
export const postgresLimitsSchema = z.object({
  max_connections: z.int(),
  max_worker_processes: z.int(),
  max_wal_senders: z.int(),
  max_prepared_transactions: z.int(),
  max_locks_per_transaction: z.int(),
});
export type PostgresLimits = z.infer<typeof postgresLimitsSchema>;

export const preflightReplySchema = z.object({
  cluster_id: uuidSchema,
  server_id: uuidSchema,
  node_id: nodeIdSchema,
  display_name: z.string(),
  version: versionShape,
  server_time: timestampSchema,
  postgres_version_num: z.int(),
  system_identifier: z.string(),
  address: hostShape,
  postgres_port: portSchema,
  redis_port: portSchema,
  database_bytes: z.number().nonnegative(),
  subscriber_count: z.number().nullable(),
  limits: postgresLimitsSchema,
});
export type PreflightReply = z.infer<typeof preflightReplySchema>;

export const joinBodySchema = z
  .object({
    server_id: uuidSchema,
    display_name: displayNameSchema,
    address: hostShape,
    api_url: z.url().max(300),
    postgres_port: portSchema,
    redis_port: portSchema,
    version: versionShape,
    postgres_version_num: z.int(),
  })
  .strict();
export type JoinBody = z.infer<typeof joinBodySchema>;

export const sealedReplySchema = z.object({ sealed: z.string() });

export const loginSchema = z.object({ user: z.string(), password: z.string() });
export type Login = z.infer<typeof loginSchema>;

/** Where a node is; every node knows all the others, so that the new main can be found after a failover. */
export const peerSchema = z.object({
  node_id: nodeIdSchema,
  server_id: uuidSchema,
  display_name: z.string(),
  role: roleSchema,
  status: nodeStatusSchema,
  address: hostShape,
  api_url: z.string(),
  postgres_port: portSchema,
  redis_port: portSchema,
  /** The address that PostgreSQL sees it come from, which pg_hba needs; absent until it was seen (SAFETY §5). */
  seen_address: hostShape.optional(),
});
export type Peer = z.infer<typeof peerSchema>;

/** Passwords that a member holds; they cross the wire only sealed. */
export const memberCredentialsSchema = z.object({
  replication: loginSchema,
  redis_replication: loginSchema,
  /** Superuser login of the cluster's adapters: the joiner's own password is gone once main's roles are cloned. */
  cluster_database: loginSchema,
  panel_database: loginSchema,
  session_signing_key: z.string(),
});
export type MemberCredentials = z.infer<typeof memberCredentialsSchema>;

/** Plain text of the sealed join reply. */
export const joinGrantSchema = z.object({
  cluster_id: uuidSchema,
  node_id: nodeIdSchema,
  main_node_id: nodeIdSchema,
  slot_name: z.string(),
  term: termSchema,
  credentials: memberCredentialsSchema,
  settings: clusterSettingsSchema,
  peers: z.array(peerSchema),
  /** All promotions of the cluster, which the copy of main's database will hold. */
  promotions: z.array(promotionSchema),
  database_bytes: z.number().nonnegative(),
});
export type JoinGrant = z.infer<typeof joinGrantSchema>;

export const heartbeatBodySchema = z
  .object({
    node_id: nodeIdSchema,
    server_id: uuidSchema,
    term: termSchema,
    version: versionShape,
    database_state: databaseStateSchema,
    receiver_streaming: z.boolean().nullable(),
    receive_lsn: lsnSchema.nullable(),
    replay_lsn: lsnSchema.nullable(),
    cpu_percent: percentSchema.nullable(),
    memory_percent: percentSchema.nullable(),
    disk_percent: percentSchema.nullable(),
    subscriber_count: z.int().nonnegative().nullable(),
    replication_lag_seconds: z.number().nonnegative().nullable(),
    replication_lag_bytes: z.number().nonnegative().nullable(),
    /** True while setup_replica.sh replaces the database. */
    cloning: z.boolean(),
    hold: holdSchema.nullable(),
    last_failover: lastFailoverSchema.nullable().default(null),
    /** What this server could not write into its own database: main takes it in, so that its page tells it too. */
    journal: z.array(clusterEventSchema).max(20).default([]),
    /** What main shows of a server that it superseded: fenced and waiting, or diverged and waiting for a repair. */
    standing: z.enum(['following', 'fenced', 'diverged']),
    /** Where this server is reached now: its environment may have changed since it joined. */
    place: z
      .object({ address: hostShape, api_url: z.url().max(300), postgres_port: portSchema, redis_port: portSchema })
      .strict()
      .optional(),
    /** The `peers_tag` of the list that this server still holds unchanged; null: it needs the list. */
    peers_tag: z.string().max(64).nullable().default(null),
  })
  .strict();
export type HeartbeatBody = z.infer<typeof heartbeatBodySchema>;

export const heartbeatReplySchema = z.object({
  term: termSchema,
  main_node_id: nodeIdSchema,
  is_active: z.boolean(),
  /** Main's last write LSN at `at`: what a loss forecast is made from (DESIGN §8). */
  write_lsn: lsnSchema.nullable(),
  at: timestampSchema,
  settings: clusterSettingsSchema,
  /** null: as `peers_tag` of the request says, the caller holds this list. Else each reply would grow with the cluster. */
  peers: z.array(peerSchema).nullable(),
  /** Stands for main's list as it is now; opaque. */
  peers_tag: z.string(),
  clone: cloneProgressSchema.nullable(),
  hold: holdSchema.nullable(),
  last_failover: lastFailoverSchema.nullable(),
  /** Ids of `journal` that main's database holds now. */
  journal_taken: z.array(uuidSchema).default([]),
  /** JWE under the caller's (previous) key with the new secret and passwords, after a rotation. */
  rotation: z.string().nullable(),
});
export type HeartbeatReply = z.infer<typeof heartbeatReplySchema>;

/** Plain text of `rotation`. */
export const rotationGrantSchema = z.object({
  cluster_secret: z.string(),
  replication: loginSchema,
  redis_replication: loginSchema,
});
export type RotationGrant = z.infer<typeof rotationGrantSchema>;

export const peerStatusReplySchema = z.object({
  server_id: uuidSchema,
  node_id: nodeIdSchema,
  role: roleSchema,
  effective_role: roleSchema,
  term: termSchema,
  version: versionShape,
  main_node_id: nodeIdSchema.nullable(),
  database_state: databaseStateSchema,
  gate_open: z.boolean(),
  write_lsn: lsnSchema.nullable(),
  receive_lsn: lsnSchema.nullable(),
  replay_lsn: lsnSchema.nullable(),
  /** This node's whole list: its database's rows and what node.json holds beyond them (SAFETY §2). */
  promotions: z.array(promotionSchema),
  /** False while its latest promotion is not in its database yet: nobody compares himself with half a list. */
  promotions_whole: z.boolean().default(true),
  /** The timeline that its database is on; null: not known now. */
  timeline: z.int().nullable().default(null),
  /** Of a main that takes writes: where its database left each timeline before. */
  forks: z.array(timelineForkSchema).default([]),
  /** WAL reaches it now. */
  receiver_streaming: z.boolean(),
  hold: holdSchema.nullable(),
  last_failover: lastFailoverSchema.nullable(),
  standing: z.enum(['following', 'fenced', 'diverged']),
  /** null: not measured yet, or said by a version that knows nothing of it. */
  parity: parityFactsSchema.nullable().default(null),
  at: timestampSchema,
});
export type PeerStatusReply = z.infer<typeof peerStatusReplySchema>;

/** "I am main of this term." A receiver that is main of a lower term fences itself (SAFETY §3). */
export const announceBodySchema = z
  .object({
    term: termSchema,
    main: peerSchema,
    /** null while the promotion is only about to happen: the old main must be shut before it. */
    promotion_id: uuidSchema.nullable(),
    /** The speaker's whole list, by which the others tell whether they may follow (SAFETY §2). */
    promotions: z.array(promotionSchema),
    timeline: z.int().nullable().default(null),
    forks: z.array(timelineForkSchema).default([]),
  })
  .strict();
export type AnnounceBody = z.infer<typeof announceBodySchema>;
export const announceReplySchema = z.object({
  ok: z.literal(true),
  effective_role: roleSchema,
  writes_shut: z.boolean(),
});

export const farewellBodySchema = z.object({ node_id: nodeIdSchema }).strict();
