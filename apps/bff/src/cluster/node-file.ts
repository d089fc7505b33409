/**
 * STATE_DIR/node.json: this server's own identity, which must survive its database being replaced (DESIGN §3).
 * Snake case, because it is read by people at 3 am as much as by this program.
 */
import { z } from 'zod';
import { divergenceSchema, holdSchema, lastFailoverSchema, promotionSchema } from '@proxpanel/contracts/change-of-main';
import { clusterEventSchema } from '@proxpanel/contracts/events';
import { loginSchema, peerSchema } from '@proxpanel/contracts/peer';
import { lsnSchema, nodeIdSchema, termSchema, timestampSchema, uuidSchema } from '@proxpanel/contracts/primitives';
import { roleSchema } from '@proxpanel/contracts/roles';
import { scriptRunPhaseSchema } from '@proxpanel/contracts/script';
import { clusterSettingsSchema } from '@proxpanel/contracts/settings';

/** Instants of this machine's boot clock mean nothing after a reboot: each is kept with the boot that it belongs to. */
const bootInstantSchema = z.object({ boot_id: z.string(), boot_ms: z.number() });

/** SAFETY §3 "Arbiter away": not to promote until then. */
export const promiseSchema = bootInstantSchema.extend({ to_node_id: nodeIdSchema, term: termSchema });

/**
 * A change of main in which this server takes part (SAFETY §3 "Grant"). On main: written before each step that must not
 * be forgotten. On the candidate: written before the grant is asked for.
 */
export const handoverSchema = z.object({
  operation_id: uuidSchema,
  side: z.enum(['main', 'candidate']),
  candidate_node_id: nodeIdSchema,
  term: termSchema,
  /**
   * Main: `shutting` (nothing granted) → `granted` → gone. `rolled_back`: a grant that is asked for now is refused.
   * Candidate: `asked` → `granted` → gone. `discarded`: never to be promoted by this operation.
   */
  state: z.enum(['shutting', 'asked', 'granted', 'rolled_back', 'discarded']),
  way: z.enum(['stop', 'demote', 'dead']).nullable(),
  last_lsn: lsnSchema.nullable(),
  last_is_checkpoint: z.boolean(),
  /** Main's timeline before it was shut: a writable database on a higher one has been promoted again since. */
  own_timeline: z.int().nullable().default(null),
  /** Candidate: pg_promote must have returned by then. Main: until then the candidate may still promote. */
  good_until: bootInstantSchema.nullable(),
});
export type Handover = z.infer<typeof handoverSchema>;

/** What this server knows of the cluster that it belongs to. Null in a standalone server. */
export const membershipSchema = z.object({
  cluster_id: uuidSchema,
  node_id: nodeIdSchema,
  display_name: z.string(),
  /** The configured role; the effective one also asks the database (DESIGN §2). */
  role: roleSchema,
  is_active: z.boolean(),
  secret: z.string(),
  /** After a rotation: serves a listed member once, to fetch the new one (SAFETY §5). */
  previous_secret: z.object({ secret: z.string(), waiting_node_ids: z.array(nodeIdSchema) }).nullable(),
  /** Highest term ever seen. A main that meets a higher one has been superseded. */
  term: termSchema,
  main_node_id: nodeIdSchema,
  peers: z.array(peerSchema),
  /** Keys of removed nodes, kept 30 days only to answer them with a signed 410 (DESIGN §7). */
  removed_nodes: z.array(z.object({ node_id: nodeIdSchema, secret: z.string(), until: timestampSchema })),
  slot_name: z.string().nullable(),
  settings: clusterSettingsSchema,
  replication: loginSchema,
  redis_replication: loginSchema,
  /** Name of the data in Redis, kept there too: gone there, and Redis has lost its data (SAFETY §2). */
  redis_dataset_id: uuidSchema.optional(),
  /** Of main: the start of Redis (`run_id`) in which that name was seen last. */
  redis_seen_run_id: z.string().optional(),
  promotions: z.array(promotionSchema),
  /** The newest hold that this server knows; one whose `until` has passed holds nothing. */
  hold: holdSchema.nullable().default(null),
  last_failover: lastFailoverSchema.nullable().default(null),
  promise: promiseSchema.nullable().default(null),
  handover: handoverSchema.nullable().default(null),
  /** The lease that this server holds or held, so that a restarted BFF goes on renewing it. */
  lease: z.object({ lease_id: z.string(), term: termSchema }).nullable().default(null),
  /** The highest term that this server itself has taken from the arbiter, used or not (SAFETY §3 "Terms"). */
  taken_term: termSchema.default(0),
  /** An admin's word stands in for the lease of this term until the arbiter is back (SAFETY §3 "Arbiter away"). */
  arbiter_override: z.object({ term: termSchema }).nullable().default(null),
  divergence: divergenceSchema.nullable().default(null),
  /** The main, and its term, that this server was found to be allowed to follow: asked once for each (SAFETY §2). */
  attached: z.object({ main_node_id: nodeIdSchema, term: termSchema }).nullable().default(null),
  /** What main last did about `durability = sync` without an arbiter to keep it (SAFETY §4). */
  durability: z
    .object({ state: z.enum(['sync', 'async']), node_ids: z.array(nodeIdSchema), since: timestampSchema })
    .nullable()
    .default(null),
  /**
   * `equal_term`: another main of the very same term was met; an admin chooses which one goes on (SAFETY §3). `ordered`: an
   * admin shut this main, and says when it goes on.
   */
  fence: z
    .object({
      at: timestampSchema,
      reason: z.string(),
      term: termSchema,
      equal_term: z.boolean().optional(),
      ordered: z.boolean().optional(),
    })
    .nullable(),
});
export type Membership = z.infer<typeof membershipSchema>;

/** What a member starts with: nothing promised, granted, held or lost. */
export const untouchedByChanges = {
  hold: null,
  last_failover: null,
  promise: null,
  handover: null,
  lease: null,
  taken_term: 0,
  arbiter_override: null,
  divergence: null,
  attached: null,
  durability: null,
  fence: null,
} as const satisfies Partial<Membership>;

/** The generated script's one-time token and its progress (DESIGN §6.5). Tokens are kept as SHA-256 only. */
export const joinScriptSchema = z.object({
  main_address: z.string(),
  script_path: z.string(),
  credential_sha256: z.string().nullable(),
  credential_expires_at: timestampSchema,
  phase_token_sha256: z.string(),
  database_bytes: z.number(),
  phases: z.array(scriptRunPhaseSchema),
  finished: z.boolean(),
});
export type JoinScript = z.infer<typeof joinScriptSchema>;

export const signingKeySchema = z.object({ key: z.string(), verify_until: timestampSchema });

export const nodeFileSchema = z.object({
  format: z.literal(1),
  server_id: uuidSchema,
  /** What other servers call this one, as the admin last confirmed it; null: NODE_ADDRESS. */
  address: z.string().nullable(),
  membership: membershipSchema.nullable(),
  /** Said on the page until the next join: this server was removed, or its cluster was disbanded. */
  ended_membership: z.object({ at: timestampSchema, sentence: z.string() }).nullable(),
  join_script: joinScriptSchema.nullable(),
  session_signing_key: z.string(),
  /** Keys that still verify: the joiner's old one until its sessions end. */
  old_session_signing_keys: z.array(signingKeySchema),
  accounts_from_main_since: timestampSchema.nullable(),
  /** Superuser login of the cluster's adapters and the panel's own role, as the local database has them. */
  cluster_database: loginSchema.nullable(),
  panel_database: loginSchema.nullable(),
  /** Newest accepted `iat` (seconds) per caller, so that a restart opens no replay window (SAFETY §5). */
  newest_iat_by_issuer: z.record(z.string(), z.number()),
  /** Events not yet in the database. */
  journal: z.array(clusterEventSchema),
});
export type NodeFile = z.infer<typeof nodeFileSchema>;
