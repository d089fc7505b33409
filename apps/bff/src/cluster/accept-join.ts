/** Main takes a server in: node row, slot, pg_hba, sealed credentials (DESIGN §6.4). Repeating it gives the same node and slot. */
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import type { JoinBody, JoinGrant } from '@proxpanel/contracts/peer';
import { Fault } from '../fault.ts';
import { requireStillMain, requireWritableMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { takeLease } from './hold-lease.ts';
import { hbaLinesFor, otherPeers, peerById, peerOfRow, requireMembership, slotNameOf, withPeer } from './membership.ts';
import { ownPromotions } from './own-promotions.ts';
import type { Membership } from './node-file.ts';
import type { VerifiedPeer } from './peer-ports.ts';
import { makeEvent } from './record-event.ts';

/** The grant, sealed for the holder of the secret that signed the request. */
export async function acceptJoin(
  context: ClusterContext,
  body: JoinBody,
  peer: VerifiedPeer,
  remoteAddress: string,
): Promise<{ sealed: string }> {
  return context.lock.run('the join of another server', async () => {
    const membership = requireWritableMain(context);
    refuseMisfit(context, body, peer);
    const row = await insertOrFindNode(context, body);
    const slotName = slotNameOf(row.id);
    await holdLeaseFor(context, row.id);
    // The first secondary brings a lease, and with it a new term.
    const reign = requireMembership(context.nodeFile.get());
    await context.replication.createSlot(slotName);
    const joined = await context.nodeFile.update((file) => {
      if (file.membership === null) return file;
      requireStillMain(context, reign);
      return { ...file, membership: withJoined(file.membership, row, remoteAddress) };
    });
    if (joined.membership !== null)
      await context.replication.writeHbaBlock(hbaLinesFor(joined.membership, context.own.databaseName));
    const grant = await grantFor(context, joined.membership ?? membership, row, slotName);
    return { sealed: await context.seal.seal(peer.secret, grant) };
  });
}

function refuseMisfit(context: ClusterContext, body: JoinBody, peer: VerifiedPeer): void {
  const ownVersion = context.own.version;
  const ownMajor = Math.floor((context.database.view().versionNum ?? 0) / 10_000);
  const theirMajor = Math.floor(body.postgres_version_num / 10_000);
  if (peer.serverId !== body.server_id)
    throw new Fault('BAD_TOKEN', 'The token names another server than the request.');
  if (body.server_id === context.nodeFile.get().server_id) {
    throw new Fault('SAME_SERVER', 'The address leads back to this same server; give the address of the other one.');
  }
  if (body.version !== ownVersion) {
    throw new Fault(
      'VERSION_MISMATCH',
      `Main runs panel version ${ownVersion}, the joining server ${body.version}; update the older one first.`,
    );
  }
  if (theirMajor !== ownMajor) {
    throw new Fault(
      'POSTGRES_MISMATCH',
      `Main runs PostgreSQL ${String(ownMajor)}, the joining server ${String(theirMajor)}; they must be the same.`,
    );
  }
}

/** The row of this server if it has joined before and was not removed, else a new one. */
async function insertOrFindNode(context: ClusterContext, body: JoinBody): Promise<ClusterNodeRow> {
  const place = {
    display_name: body.display_name,
    address: body.address,
    api_url: body.api_url,
    postgres_port: body.postgres_port,
    redis_port: body.redis_port,
    version: body.version,
  };
  return context.rows.transaction(async (rows) => {
    const nodes = await rows.listNodes();
    const known = nodes.find((node) => node.server_id === body.server_id && node.removed_at === null);
    if (known !== undefined) {
      await rows.patchNode(known.id, place);
      return { ...known, ...place };
    }
    const row = await rows.insertNode({
      ...place,
      role: 'secondary',
      server_id: body.server_id,
      status: 'joining',
      cpu_percent: null,
      memory_percent: null,
      disk_percent: null,
      subscriber_count: null,
      replication_lag_seconds: null,
      replication_lag_bytes: null,
    });
    await rows.patchNode(row.id, { slot_name: slotNameOf(row.id) });
    const message = `"${body.display_name}" (${body.address}) joined as node ${String(row.id)}.`;
    await rows.appendEvents([
      makeEvent(context.clock, { type: 'node_joined', message, actor: body.display_name, nodeId: row.id }),
    ]);
    return { ...row, slot_name: slotNameOf(row.id) };
  });
}

/**
 * With a second server in the cluster main needs a lease for every write: it has one before that server is listed.
 * ARBITER_AWAY, LEASE_HELD: then nobody joins.
 */
async function holdLeaseFor(context: ClusterContext, nodeId: number): Promise<void> {
  const { lease } = context.memory;
  if (!context.arbiter.configured || (lease !== null && !lease.lost)) return;
  try {
    await takeLease(context, null, nodeId);
  } catch (error) {
    // Main stays alone, and a main that is alone is guarded by nobody.
    if (otherPeers(requireMembership(context.nodeFile.get())).length === 0) await context.guard.stop();
    throw error;
  }
}

function withJoined(membership: Membership, row: ClusterNodeRow, seenAddress: string): Membership {
  const peer = { ...peerOfRow(row, peerById(membership, row.id)), seen_address: seenAddress };
  return {
    ...membership,
    peers: withPeer(membership.peers, peer),
    removed_nodes: membership.removed_nodes.filter((removed) => removed.node_id !== row.id),
  };
}

async function grantFor(
  context: ClusterContext,
  membership: Membership,
  row: ClusterNodeRow,
  slotName: string,
): Promise<JoinGrant> {
  const file = context.nodeFile.get();
  if (file.cluster_database === null || file.panel_database === null) {
    throw new Fault('DATABASE_DOWN', "Main's own database logins are not ready yet; try again in a few seconds.");
  }
  return {
    cluster_id: membership.cluster_id,
    node_id: row.id,
    main_node_id: membership.node_id,
    slot_name: slotName,
    term: membership.term,
    credentials: {
      replication: membership.replication,
      redis_replication: membership.redis_replication,
      cluster_database: file.cluster_database,
      panel_database: file.panel_database,
      session_signing_key: file.session_signing_key,
    },
    settings: membership.settings,
    peers: membership.peers,
    promotions: ownPromotions(context),
    database_bytes: await context.replication.databaseBytes(),
  };
}
