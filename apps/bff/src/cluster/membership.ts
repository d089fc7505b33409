/** Reading and changing what node.json says of the cluster. Pure but for the faults. */
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import type { Peer } from '@proxpanel/contracts/peer';
import type { Role } from '@proxpanel/contracts/roles';
import { Fault } from '../fault.ts';
import { RADIUS_ROLE } from '../radius-login.ts';
import type { JoinScript, Membership, NodeFile } from './node-file.ts';
import type { NodeFilePort } from './ports.ts';
import { apiUrlAt, type OwnServer } from './own-server.ts';
import type { PeerTarget } from './peer-ports.ts';

/** The configured role: what node.json says, before the database is asked. A disbanded cluster leaves its servers standalone. */
export function configuredRole(membership: Membership | null): Role {
  if (membership?.is_active !== true) return 'standalone';
  return membership.main_node_id === membership.node_id ? 'main' : 'secondary';
}

/** The membership of an active cluster. NOT_CONFIGURED otherwise. */
export function requireMembership(file: NodeFile): Membership {
  if (file.membership?.is_active !== true) {
    throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
  }
  return file.membership;
}

export function peerById(membership: Membership, nodeId: number): Peer | null {
  return membership.peers.find((peer) => peer.node_id === nodeId) ?? null;
}

export function mainPeer(membership: Membership): Peer | null {
  return peerById(membership, membership.main_node_id);
}

/** All members but this one that have not been removed. */
export function otherPeers(membership: Membership): Peer[] {
  return membership.peers.filter((peer) => peer.node_id !== membership.node_id && peer.status !== 'removed');
}

export function targetOf(membership: Membership, peer: Peer): PeerTarget {
  return {
    apiUrl: peer.api_url,
    nodeId: peer.node_id,
    clusterId: membership.cluster_id,
    secret: membership.secret,
    issuer: `node:${String(membership.node_id)}`,
  };
}

/** A server that was superseded waits (fenced), is to be repaired (diverged), or follows like any secondary. */
export function standingOf(membership: Membership): 'following' | 'fenced' | 'diverged' {
  if (membership.divergence !== null) return 'diverged';
  return membership.fence === null ? 'following' : 'fenced';
}

/** Whether the source that node.json names was found to be one that this server may follow. */
export function isAttached({ attached, main_node_id: mainNodeId, term }: Membership): boolean {
  return attached?.main_node_id === mainNodeId && attached.term === term;
}

/** This main, in this term. */
export function attachedTo({ main_node_id: mainNodeId, term }: Membership): NonNullable<Membership['attached']> {
  return { main_node_id: mainNodeId, term };
}

/** What a finished clone says: nothing, when main has changed since its script was made. */
export function attachedByCopy(
  membership: Membership,
  script: Pick<JoinScript, 'main_address'>,
): Membership['attached'] {
  return mainPeer(membership)?.address === script.main_address ? attachedTo(membership) : membership.attached;
}

export function slotNameOf(nodeId: number): string {
  return `replica_${String(nodeId)}`;
}

export function applicationNameOf(nodeId: number): string {
  return `node_${String(nodeId)}`;
}

/** A row as the other members need to know it. */
export function peerOfRow(row: ClusterNodeRow, known: Peer | null): Peer {
  return {
    node_id: row.id,
    server_id: row.server_id,
    display_name: row.display_name,
    role: row.role,
    status: row.status,
    address: row.address,
    api_url: row.api_url,
    postgres_port: row.postgres_port,
    redis_port: row.redis_port,
    ...(known?.seen_address === undefined ? {} : { seen_address: known.seen_address }),
  };
}

/** This server as the others are to know it. */
export function ownPeer(file: NodeFile, membership: Membership, own: OwnServer, role: 'main' | 'secondary'): Peer {
  const address = file.address ?? own.address;
  return {
    node_id: membership.node_id,
    server_id: file.server_id,
    display_name: membership.display_name,
    role,
    status: 'online',
    address,
    api_url: apiUrlAt(own, address),
    postgres_port: own.postgresPort,
    redis_port: own.redisPort,
  };
}

/** How the others reach this server now. */
export function placeOf({ nodeFile, own }: { nodeFile: NodeFilePort; own: OwnServer }) {
  const address = nodeFile.get().address ?? own.address;
  return {
    address,
    api_url: apiUrlAt(own, address),
    postgres_port: own.postgresPort,
    redis_port: own.redisPort,
  };
}

/** What the server that is main now is called; a standalone server, and one that does not know its main, names itself. */
export function addressOfMain(parts: { readonly nodeFile: NodeFilePort; readonly own: OwnServer }): string {
  const { membership } = parts.nodeFile.get();
  const main = membership !== null && configuredRole(membership) === 'secondary' ? mainPeer(membership) : null;
  return main?.address ?? placeOf(parts).address;
}

/** Peers with one of them replaced or added; ordered by node id. */
export function withPeer(peers: readonly Peer[], peer: Peer): Peer[] {
  const others = peers.filter((candidate) => candidate.node_id !== peer.node_id);
  return [...others, peer].sort((left, right) => left.node_id - right.node_id);
}

/** Membership under another main: role, main and the peers' roles agree afterwards. */
export function withMain(membership: Membership, mainNodeId: number, term: number): Membership {
  const peers = membership.peers.map((peer): Peer => ({
    ...peer,
    role: peer.node_id === mainNodeId ? 'main' : 'secondary',
  }));
  return {
    ...membership,
    role: mainNodeId === membership.node_id ? 'main' : 'secondary',
    main_node_id: mainNodeId,
    term: Math.max(term, membership.term),
    peers,
  };
}

/**
 * `host …` lines for every other member: replication, pg_rewind, and its FreeRADIUS, which brings what routers account to
 * whichever server is main (DESIGN §6.2, §11; SAFETY §5).
 *
 * @param database the panel's, as DATABASE_URL names it.
 */
export function hbaLinesFor(membership: Membership, database: string): string[] {
  const lines = otherPeers(membership).flatMap((peer) =>
    [...new Set([peer.seen_address ?? peer.address, peer.address])].flatMap((address) => hbaLinesOf(address, database)),
  );
  return [...new Set(lines)];
}

export function hbaLinesOf(address: string, database: string): string[] {
  const source = hbaSource(address);
  // In quotes a name such as "all" is a name and no key word.
  const quoted = `"${database.replaceAll('"', '""')}"`;
  return [
    `host replication replicator ${source} scram-sha-256`,
    `host postgres replicator ${source} scram-sha-256`,
    `host ${quoted} ${RADIUS_ROLE} ${source} scram-sha-256`,
  ];
}

function hbaSource(address: string): string {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return `${address}/32`;
  if (address.includes(':')) return `${address}/128`;
  // A host name is allowed in pg_hba and is looked up at each connection.
  return address;
}

/** 410 with a signature, 30 days long, and nothing else (DESIGN §7). */
export const removedKeyLifetimeMs = 30 * 24 * 3_600_000;
