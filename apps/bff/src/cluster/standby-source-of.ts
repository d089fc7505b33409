/** Where this member gets its WAL from, by what node.json says of main. */
import { mainPeer, slotNameOf } from './membership.ts';
import type { Membership } from './node-file.ts';
import type { StandbySource } from './postgres-ports.ts';

/** null while main is this server, or is not known. */
export function standbySourceOf(membership: Membership): StandbySource | null {
  const main = mainPeer(membership);
  if (main === null || main.node_id === membership.node_id) return null;
  return {
    host: main.address,
    port: main.postgres_port,
    nodeId: membership.node_id,
    slotName: membership.slot_name ?? slotNameOf(membership.node_id),
    login: membership.replication,
  };
}
