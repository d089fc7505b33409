/** Main: which secondary takes over in a planned change, and what speaks against it, by what is known without asking. */
import type { Reason } from '@proxpanel/contracts/primitives';
import type { Peer } from '@proxpanel/contracts/peer';
import { bytesInWords } from '@proxpanel/failover/words';
import type { ClusterContext } from './cluster-context.ts';
import { isOpenHandover } from './handover.ts';
import { MOST_LAG_BYTES } from './judge-candidate.ts';
import { configuredRole, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { lagSeenByMain, senderOf } from './observe-replication.ts';

/** DESIGN §8's indicator: over it the admin types the name. */
const warnLagSeconds = 5;

export interface SwitchoverJudgement {
  readonly candidate: Peer | null;
  readonly blockers: readonly Reason[];
  /** Any of these and the admin types the candidate's name (DESIGN §5). */
  readonly warnings: readonly Reason[];
}

/** `nodeId`: the admin's choice; without one it is the secondary with the least lag. */
export function judgeSwitchover(context: ClusterContext, nodeId?: number): SwitchoverJudgement {
  const { membership } = context.nodeFile.get();
  if (membership === null || configuredRole(membership) !== 'main') {
    return refuse('not_main', 'A planned change is begun by the main server.');
  }
  const candidate = choose(context, membership, nodeId);
  if (candidate === null) {
    return nodeId === undefined
      ? refuse('no_secondary', 'There is no other server that could become main.')
      : refuse('no_such_node', 'There is no such secondary in this cluster.');
  }
  const blockers = [...ownReasons(context, membership), ...reasonsAgainst(context, candidate)];
  return { candidate, blockers, warnings: warningsOf(context, candidate) };
}

function refuse(code: string, sentence: string): SwitchoverJudgement {
  return { candidate: null, blockers: [{ code, sentence }], warnings: [] };
}

function choose(context: ClusterContext, membership: Membership, nodeId: number | undefined): Peer | null {
  const peers = otherPeers(membership);
  if (nodeId !== undefined) return peers.find((peer) => peer.node_id === nodeId) ?? null;
  const lagOf = (peer: Peer): number =>
    lagSeenByMain(context, context.memory.positions, peer.node_id).bytes ?? Number.MAX_SAFE_INTEGER;
  return peers.toSorted((left, right) => lagOf(left) - lagOf(right))[0] ?? null;
}

function ownReasons(context: ClusterContext, membership: Membership): Reason[] {
  const reasons: Reason[] = [];
  const add = (code: string, sentence: string): void => void reasons.push({ code, sentence });
  const view = context.database.view();
  if (view.state !== 'writable') add('database_not_writable', `Main's database does not take writes: ${view.sentence}`);
  const busy = context.lock.running();
  if (busy !== null) add('operation_running', `Another operation is running: ${busy}. Wait until it ends.`);
  else if (isOpenHandover(membership.handover)) add('handover_open', 'An earlier change of main is not settled yet.');
  if (context.arbiter.configured && (context.memory.lease === null || context.memory.arbiter.silent)) {
    add('arbiter_away', 'The arbiter does not answer, and the lease cannot be handed over without it.');
  }
  return reasons;
}

function reasonsAgainst(context: ClusterContext, candidate: Peer): Reason[] {
  const reasons: Reason[] = [];
  const name = `"${candidate.display_name}"`;
  const add = (code: string, sentence: string): void => void reasons.push({ code, sentence });
  const probe = context.memory.probes.get(candidate.node_id);
  const reply = probe?.reply ?? null;
  if (reply === null || probe?.lastFailure != null) {
    add('candidate_silent', `The panel of ${name} does not answer: ${probe?.lastFailure ?? 'it was not heard yet.'}`);
  } else if (reply.version !== context.own.version) {
    add('versions_differ', `${name} has version ${reply.version}, this server ${context.own.version}.`);
  } else if (reply.standing !== 'following') {
    add('candidate_not_following', `${name} does not follow main; it is to be repaired first.`);
  }
  const { positions } = context.memory;
  const sender = positions === null ? null : senderOf(positions, candidate.node_id);
  if (sender?.state !== 'streaming') add('not_streaming', `No WAL flows to ${name}.`);
  const { bytes } = lagSeenByMain(context, positions, candidate.node_id);
  if (bytes !== null && bytes > MOST_LAG_BYTES) {
    add('lag', `${name} is ${bytesInWords(bytes)} behind; wait until it has caught up.`);
  }
  return reasons;
}

function warningsOf(context: ClusterContext, candidate: Peer): Reason[] {
  const { seconds } = lagSeenByMain(context, context.memory.positions, candidate.node_id);
  if (seconds === null || seconds <= warnLagSeconds) return [];
  const sentence = `"${candidate.display_name}" is ${seconds.toFixed(0)} s behind: writes are shut until it has caught up.`;
  return [{ code: 'lag_over_5_s', sentence }];
}
