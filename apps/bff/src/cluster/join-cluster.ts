/** This server joins a main one: checks, sealed credentials, node.json, Redis, script (DESIGN §6.4). Repeatable. */
import { joinGrantSchema, type JoinGrant } from '@proxpanel/contracts/peer';
import type { SetupSecondaryBody, SetupSecondaryReply } from '@proxpanel/contracts/membership';
import { SESSION_LIFETIME_MS } from '@proxpanel/contracts/sessions';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { makeSetupScript } from './make-script.ts';
import { mainPeer } from './membership.ts';
import { untouchedByChanges, type Membership, type NodeFile } from './node-file.ts';
import { apiUrlAt } from './own-server.ts';
import { followMainRedis } from './follow-main-redis.ts';
import { startScript } from './run-setup-script.ts';
import { testConnection } from './test-connection.ts';

/** Creating the slot and counting the database's bytes on main may take a while on a busy disk. */
const joinTimeoutMs = 15_000;

export async function joinCluster(context: ClusterContext, body: SetupSecondaryBody): Promise<SetupSecondaryReply> {
  return context.lock.run('a join', async () => {
    refuseIfJoined(context);
    const test = await testConnection(context, body);
    if (test.fault !== null || test.apiUrl === null || test.preflight === null) {
      throw test.fault ?? new Fault('PREFLIGHT_FAILED', 'A check did not pass.');
    }
    const host = new URL(test.apiUrl);
    const local = await context.peers.localAddressTowards(host.hostname, test.preflight.postgres_port);
    const grant = await askToJoin(context, body, test.apiUrl, local);
    await keepGrant(context, body, grant, local);
    // Redis may be away right now: the loop asserts it again each tick, and the tab says so until it holds.
    await followMainRedis(context).catch((error: unknown) => {
      context.log.warn({ reason: messageOf(error) }, 'Redis does not follow main yet');
    });
    const reply = await makeSetupScript(context, grant.database_bytes);
    if (context.own.runScripts) startScript(context, reply.script_path);
    return reply;
  });
}

function refuseIfJoined(context: ClusterContext): void {
  const { membership, join_script: script } = context.nodeFile.get();
  if (membership?.is_active !== true) return;
  if (membership.main_node_id === membership.node_id) {
    throw new Fault('ALREADY_CONFIGURED', 'This server is a main server; disband its cluster before joining another.');
  }
  // A join whose script has not ended yet may be repeated: main gives the same node and slot again.
  if (script === null || script.finished) {
    const main = mainPeer(membership);
    throw new Fault(
      'ALREADY_JOINED',
      `This server has already joined "${main?.display_name ?? 'a main server'}"; leave that cluster first.`,
    );
  }
}

async function askToJoin(
  context: ClusterContext,
  body: SetupSecondaryBody,
  apiUrl: string,
  localAddress: string | null,
): Promise<JoinGrant> {
  const file = context.nodeFile.get();
  const versionNum = context.database.view().versionNum;
  if (versionNum === null)
    throw new Fault('DATABASE_DOWN', "This server's own PostgreSQL does not answer; start it first.");
  const target = {
    apiUrl,
    nodeId: null,
    clusterId: null,
    secret: body.cluster_secret,
    issuer: `server:${file.server_id}`,
  };
  const address = file.address ?? context.own.address;
  const { body: reply } = await context.peers.call(
    'join',
    target,
    {
      server_id: file.server_id,
      display_name: body.display_name ?? `Secondary ${localAddress ?? address}`,
      address,
      api_url: apiUrlAt(context.own, address),
      postgres_port: context.own.postgresPort,
      redis_port: context.own.redisPort,
      version: context.own.version,
      postgres_version_num: versionNum,
    },
    { timeoutMs: joinTimeoutMs },
  );
  const opened = joinGrantSchema.safeParse(await context.seal.open(body.cluster_secret, reply.sealed));
  if (!opened.success)
    throw new Fault('BAD_REPLY', 'Main answered the join with something this version does not understand.');
  return opened.data;
}

async function keepGrant(
  context: ClusterContext,
  body: SetupSecondaryBody,
  grant: JoinGrant,
  localAddress: string | null,
): Promise<void> {
  const displayName =
    grant.peers.find((peer) => peer.node_id === grant.node_id)?.display_name ??
    body.display_name ??
    localAddress ??
    'Secondary';
  const membership: Membership = {
    cluster_id: grant.cluster_id,
    node_id: grant.node_id,
    display_name: displayName,
    role: 'secondary',
    is_active: true,
    secret: body.cluster_secret,
    previous_secret: null,
    term: grant.term,
    main_node_id: grant.main_node_id,
    peers: grant.peers,
    removed_nodes: [],
    slot_name: grant.slot_name,
    settings: grant.settings,
    replication: grant.credentials.replication,
    redis_replication: grant.credentials.redis_replication,
    promotions: grant.promotions,
    ...untouchedByChanges,
  };
  // Sessions signed before the join go on until they end (DESIGN §6.6), and their keys with them.
  const now = context.clock.nowMs();
  const verifyUntil = new Date(now + SESSION_LIFETIME_MS).toISOString();
  await context.nodeFile.update((file): NodeFile => {
    const mainsKey = grant.credentials.session_signing_key;
    const ownKey = { key: file.session_signing_key, verify_until: verifyUntil };
    const oldKeys = file.old_session_signing_keys.filter((old) => Date.parse(old.verify_until) > now);
    return {
      ...file,
      membership,
      ended_membership: null,
      join_script: null,
      session_signing_key: mainsKey,
      old_session_signing_keys: file.session_signing_key === mainsKey ? oldKeys : [...oldKeys, ownKey],
      cluster_database: grant.credentials.cluster_database,
      panel_database: grant.credentials.panel_database,
    };
  });
}
