/** Makes a standalone server the main one of a new cluster (DESIGN §6.1). */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { SetupMainBody, SetupMainReply } from '@proxpanel/contracts/membership';
import type { Login } from '@proxpanel/contracts/peer';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { ownPeer } from './membership.ts';
import { untouchedByChanges, type Membership, type NodeFile } from './node-file.ts';
import type { ClusterRows } from './ports.ts';
import { apiUrlAt } from './own-server.ts';
import { makeEvent } from './record-event.ts';
import { majorVersionOf, restartCommand } from './restart-command.ts';

const defaultDisplayName = 'Main server';
/** 0 stays "has never seen a main". */
const firstTerm = 1;

export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

export function fingerprintOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** ALREADY_CONFIGURED in a cluster; READ_ONLY or DATABASE_DOWN when the database cannot be written; nothing is left half-done. */
export async function setupMain(context: ClusterContext, body: SetupMainBody, actor: string): Promise<SetupMainReply> {
  return context.lock.run('the set-up of a main server', async () => {
    if (context.nodeFile.get().membership?.is_active === true) {
      throw new Fault('ALREADY_CONFIGURED', 'This server already belongs to a cluster.');
    }
    const view = await context.database.look();
    if (view.state === 'recovery')
      throw new Fault('READ_ONLY', 'This database is in recovery; only a writable one can become main.');
    if (view.state !== 'writable') throw new Fault('DATABASE_DOWN', `The database is not available: ${view.sentence}`);
    if (view.isSuperuser !== true) {
      throw new Fault(
        'PREFLIGHT_FAILED',
        'DATABASE_URL must name a superuser: replication cannot be set up without one.',
      );
    }
    const replication: Login = { user: 'replicator', password: newPassword() };
    const redisReplication: Login = { user: 'proxpanel_replica', password: newPassword() };
    const clusterDatabase: Login = { user: 'proxpanel_cluster', password: newPassword() };
    const pending = await context.replication.applyMainSettings({ walTimeoutMs: context.own.walTimeoutMs });
    await context.replication.ensureReplicatorRole(replication);
    await context.replication.ensureClusterRole(clusterDatabase);
    await context.redis.ensureReplicationUser(redisReplication);
    const advice = await networkAdvice(context);
    const membership = await writeCluster(context, body, actor, { replication, redisReplication, clusterDatabase });
    return {
      cluster_id: membership.cluster_id,
      cluster_secret: membership.secret,
      node_id: membership.node_id,
      role: 'main',
      hba_line: 'host replication replicator <secondary_ip>/32 scram-sha-256',
      pending_restart: pending,
      restart_command:
        pending.length === 0
          ? null
          : restartCommand(context.own.postgresControl, majorVersionOf(context.database.view())),
      advice,
    };
  });
}

interface ClusterPlan {
  readonly clusterId: string;
  readonly secret: string;
  readonly displayName: string;
  readonly address: string;
  readonly actor: string;
  readonly logins: { replication: Login; redisReplication: Login; clusterDatabase: Login };
}

/** The cluster's rows and node.json, both or neither. */
async function writeCluster(
  context: ClusterContext,
  body: SetupMainBody,
  actor: string,
  logins: ClusterPlan['logins'],
): Promise<Membership> {
  const before = context.nodeFile.get();
  const plan: ClusterPlan = {
    clusterId: randomUUID(),
    secret: randomBytes(32).toString('hex'),
    displayName: body.display_name ?? defaultDisplayName,
    address: checkedHost(body.address) ?? before.address ?? context.own.address,
    actor,
    logins,
  };
  let written = false;
  try {
    return await context.rows.transaction(async (rows) => {
      const nodeId = await writeRows(context, rows, plan, before.server_id);
      const membership = newMembership(context, plan, nodeId);
      // Inside the transaction: rows without node.json would be a cluster that nobody can prove to belong to.
      await context.nodeFile.update((file) => ({
        ...file,
        address: plan.address,
        membership: {
          ...membership,
          peers: [ownPeer({ ...file, address: plan.address }, membership, context.own, 'main')],
        },
        cluster_database: logins.clusterDatabase,
        ended_membership: null,
        join_script: null,
      }));
      written = true;
      return membership;
    });
  } catch (error) {
    if (written) await context.nodeFile.update((file) => ({ ...file, ...rollbackOf(before) }));
    throw error;
  }
}

/** What other servers dial for PostgreSQL, Redis and the API alike, so neither a port nor a scheme. */
function checkedHost(address: string | undefined): string | null {
  if (address === undefined) return null;
  if (isIP(address) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(address)) return address;
  throw new Fault('INVALID_REQUEST', 'The address must be a host name or an IP address, without a port or http://.', {
    field: 'address',
  });
}

async function writeRows(
  context: ClusterContext,
  rows: ClusterRows,
  plan: ClusterPlan,
  serverId: string,
): Promise<number> {
  const { own } = context;
  await rows.clearCluster();
  const node = await rows.insertNode({
    display_name: plan.displayName,
    role: 'main',
    server_id: serverId,
    status: 'online',
    address: plan.address,
    api_url: apiUrlAt(own, plan.address),
    postgres_port: own.postgresPort,
    redis_port: own.redisPort,
    version: own.version,
    cpu_percent: null,
    memory_percent: null,
    disk_percent: null,
    subscriber_count: null,
    replication_lag_seconds: null,
    replication_lag_bytes: null,
  });
  await rows.writeConfig({
    cluster_id: plan.clusterId,
    role: 'main',
    node_id: node.id,
    is_active: true,
    term: firstTerm,
    secret_fingerprint: fingerprintOf(plan.secret),
    settings: own.initialSettings,
  });
  const { actor } = plan;
  const message = `${actor} configured "${plan.displayName}" as the main server.`;
  await rows.appendEvents([makeEvent(context.clock, { type: 'main_configured', message, actor, nodeId: node.id })]);
  return node.id;
}

function rollbackOf(before: NodeFile): Partial<NodeFile> {
  return {
    address: before.address,
    membership: before.membership,
    cluster_database: before.cluster_database,
    ended_membership: before.ended_membership,
    join_script: before.join_script,
  };
}

function newMembership(context: ClusterContext, plan: ClusterPlan, nodeId: number): Membership {
  return {
    cluster_id: plan.clusterId,
    node_id: nodeId,
    display_name: plan.displayName,
    role: 'main',
    is_active: true,
    secret: plan.secret,
    previous_secret: null,
    term: firstTerm,
    main_node_id: nodeId,
    peers: [],
    removed_nodes: [],
    slot_name: null,
    settings: context.own.initialSettings,
    replication: plan.logins.replication,
    redis_replication: plan.logins.redisReplication,
    promotions: [],
    ...untouchedByChanges,
  };
}

/** What keeps the other server from reaching this one: changed where a reload is enough, said where it is not. */
async function networkAdvice(context: ClusterContext): Promise<string[]> {
  const advice: string[] = [];
  if (!(await context.replication.listensBeyondLoopback())) {
    advice.push(
      "PostgreSQL listens on this machine alone: set listen_addresses = '*' in postgresql.conf and restart it, or the secondary cannot reach it.",
    );
  }
  const redisAdvice = (await context.redis.listensBeyondLoopback()) ? null : await context.redis.openToReplicas();
  if (redisAdvice !== null) advice.push(redisAdvice);
  return advice;
}
