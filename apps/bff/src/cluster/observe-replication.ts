/** Looks at WAL on this server and keeps what lag is read from. Lag is true or it is unknown, never 0 by default (DESIGN §2). */
import { lsnDistanceBytes } from '@proxpanel/failover/lsn';
import { recordLsnSample, replayLagSeconds } from '@proxpanel/failover/lag';
import type { ClusterContext } from './cluster-context.ts';
import { applicationNameOf } from './membership.ts';
import type { WalPositions, WalSender } from './postgres-ports.ts';

export interface Lag {
  readonly bytes: number | null;
  readonly seconds: number | null;
}

export const unknownLag: Lag = { bytes: null, seconds: null };

/** One look; a database that is away leaves null, so that nothing old is shown as now. Throws nothing that is expected. */
export async function observeReplication(context: ClusterContext): Promise<WalPositions | null> {
  const { state } = context.database.view();
  if (state !== 'writable' && state !== 'recovery') {
    context.memory.positions = null;
    return null;
  }
  const positions = await context.replication.positions();
  context.memory.positions = positions;
  const end = endOfMainsWal(context, positions);
  if (end !== null) {
    context.memory.lsnHistory = recordLsnSample(context.memory.lsnHistory, { lsn: end, atMs: positions.atMs });
  }
  return positions;
}

/** The end of main's WAL as far as this server knows: its own on main; what main last reported on a secondary. */
function endOfMainsWal(context: ClusterContext, positions: WalPositions): bigint | null {
  if (!positions.inRecovery) return positions.currentLsn;
  const reported = positions.receiver?.latestEndLsn ?? null;
  const told = context.memory.mainWriteLsn?.lsn ?? null;
  if (reported === null || told === null) return reported ?? told;
  return reported > told ? reported : told;
}

export function senderOf(positions: WalPositions, nodeId: number): WalSender | null {
  return positions.senders.find((sender) => sender.applicationName === applicationNameOf(nodeId)) ?? null;
}

/** A secondary's lag as main sees it. A sender whose standby has been silent longer than the time-out says nothing. */
export function lagSeenByMain(context: ClusterContext, positions: WalPositions | null, nodeId: number): Lag {
  const sender = positions === null ? null : senderOf(positions, nodeId);
  if (positions?.currentLsn == null || sender?.replayLsn == null) return unknownLag;
  if (sender.replyAgeMs === null || sender.replyAgeMs > context.own.walTimeoutMs) return unknownLag;
  return {
    bytes: lsnDistanceBytes(positions.currentLsn, sender.replayLsn),
    seconds: replayLagSeconds(context.memory.lsnHistory, sender.replayLsn, positions.atMs),
  };
}

/** True when WAL reaches this secondary now: the receiver streams and main was heard within its time-out. */
export function receiverStreams(positions: WalPositions | null): boolean {
  const receiver = positions?.receiver ?? null;
  if (receiver?.status !== 'streaming') return false;
  return receiver.lastMessageAgeMs !== null && receiver.lastMessageAgeMs <= receiver.timeoutMs;
}

/** This secondary's own lag. With the receiver down it is unknown, whatever the last LSNs were. */
export function ownLag(context: ClusterContext, positions: WalPositions | null): Lag {
  if (positions?.replayLsn == null || !positions.inRecovery || !receiverStreams(positions)) return unknownLag;
  const end = endOfMainsWal(context, positions);
  if (end === null) return unknownLag;
  return {
    bytes: lsnDistanceBytes(end, positions.replayLsn),
    seconds: replayLagSeconds(context.memory.lsnHistory, positions.replayLsn, positions.atMs),
  };
}
