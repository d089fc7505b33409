/** This member's own view of itself, for the probes of the others. */
import type { PeerStatusReply } from '@proxpanel/contracts/peer';
import { formatLsn } from '@proxpanel/failover/lsn';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, standingOf } from './membership.ts';
import { receiverStreams } from './observe-replication.ts';
import { isListWhole, ownForks, ownPromotions } from './own-promotions.ts';

function text(lsn: bigint | null | undefined): string | null {
  return lsn == null ? null : formatLsn(lsn);
}

export function answerPeerStatus(context: ClusterContext): PeerStatusReply {
  const file = context.nodeFile.get();
  const membership = file.membership;
  if (membership === null) throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
  const { positions } = context.memory;
  const roles = context.roles.view();
  return {
    server_id: file.server_id,
    node_id: membership.node_id,
    role: configuredRole(membership),
    effective_role: roles.effective,
    term: membership.term,
    version: context.own.version,
    main_node_id: membership.main_node_id,
    database_state: context.database.view().state,
    gate_open: roles.gateShutBecause === null,
    write_lsn: text(positions?.currentLsn),
    receive_lsn: text(positions?.receiveLsn),
    replay_lsn: text(positions?.replayLsn),
    promotions: ownPromotions(context),
    promotions_whole: isListWhole(context),
    timeline: context.database.view().timeline,
    forks: ownForks(context),
    receiver_streaming: receiverStreams(positions),
    hold: membership.hold,
    last_failover: membership.last_failover,
    standing: standingOf(membership),
    parity: context.memory.parity,
    at: new Date(context.clock.nowMs()).toISOString(),
  };
}
