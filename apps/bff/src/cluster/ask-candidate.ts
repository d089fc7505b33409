/** Main's calls to its candidate (SAFETY §3 "Grant"). */
import type { PrepareBody } from '@proxpanel/contracts/change-of-main';
import type { Operation } from '@proxpanel/contracts/operations';
import type { Peer } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { peerById, requireMembership, targetOf } from './membership.ts';
import { hear } from './sounds.ts';

const discardTimeoutMs = 4_000;

export function candidatePeer(context: ClusterContext, nodeId: number): Peer {
  const peer = peerById(requireMembership(context.nodeFile.get()), nodeId);
  if (peer === null) throw new Fault('NODE_UNKNOWN', 'The candidate is no longer a member of this cluster.');
  return peer;
}

export type PrepareOrder = Pick<PrepareBody, 'stage' | 'kind' | 'last_lsn' | 'last_is_checkpoint'>;

/** Reasons against it, one sentence each; empty: ready. Faults of the call. */
export async function askToPrepare(
  context: ClusterContext,
  operation: Pick<Operation, 'id' | 'actor' | 'reason'>,
  candidateNodeId: number,
  order: PrepareOrder,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<readonly string[]> {
  const membership = requireMembership(context.nodeFile.get());
  const body = {
    operation_id: operation.id,
    term: membership.term,
    candidate_node_id: candidateNodeId,
    actor: operation.actor.slice(0, 100),
    reason: operation.reason,
    ...order,
  };
  const target = targetOf(membership, candidatePeer(context, candidateNodeId));
  const { body: reply } = await context.peers.call('prepare', target, body, options);
  hear(context, candidateNodeId);
  if (reply.ready) return [];
  return reply.reasons.length > 0 ? reply.reasons : ['The candidate is not ready and does not say why.'];
}

export type DiscardAnswer =
  /** With the last term that it took from the arbiter, under which nobody writes. */
  | { readonly kind: 'discarded'; readonly term: number }
  /** `unsettled`: it answered, and cannot say yet. `silent`: no answer that can be believed. */
  | { readonly kind: 'promoted' | 'unsettled' | 'silent' };

export async function askToDiscard(
  context: ClusterContext,
  operationId: string,
  candidateNodeId: number,
): Promise<DiscardAnswer> {
  const membership = requireMembership(context.nodeFile.get());
  try {
    const target = targetOf(membership, candidatePeer(context, candidateNodeId));
    const options = { timeoutMs: discardTimeoutMs };
    const { body } = await context.peers.call('discard', target, { operation_id: operationId }, options);
    hear(context, candidateNodeId);
    if (body.discarded) return { kind: 'discarded', term: body.term };
    return { kind: body.promoted ? 'promoted' : 'unsettled' };
  } catch (error) {
    context.log.warn({ operation_id: operationId, reason: messageOf(error) }, 'the candidate did not say what it did');
    return { kind: 'silent' };
  }
}
