/** Main, without its arbiter, asks this secondary not to be promoted for a while (SAFETY §3 "Arbiter away"). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, requireMembership } from './membership.ts';
import type { Membership, NodeFile } from './node-file.ts';
import { bootMs, hear } from './sounds.ts';
import { isPromoting, isPromotedOutside } from './own-promotion-state.ts';

export interface PromiseAnswer {
  readonly promised: boolean;
  readonly reason: string | null;
}

/** The promise is on disk before it is answered. A refusal leaves an earlier one as it is. */
export async function acceptPromise(
  context: ClusterContext,
  body: { readonly node_id: number; readonly term: number; readonly duration_ms: number },
  callerNodeId: number | null,
): Promise<PromiseAnswer> {
  if (callerNodeId !== body.node_id) throw new Fault('BAD_TOKEN', 'A server may ask for a promise only for itself.');
  requireMembership(context.nodeFile.get());
  hear(context, body.node_id);
  let refusal: string | null = null;
  await context.nodeFile.update((file): NodeFile => {
    const membership = requireMembership(file);
    // Judged in the very change that writes it: an operation that began meanwhile holds the lock already.
    refusal = whyNot(context, membership, body);
    if (refusal !== null) return file;
    const untilMs = bootMs(context) + body.duration_ms;
    const known = membership.promise;
    const bootId = context.clock.bootId();
    const keptMs = known?.boot_id === bootId ? Math.max(known.boot_ms, untilMs) : untilMs;
    const promise = { boot_id: bootId, boot_ms: keptMs, to_node_id: body.node_id, term: body.term };
    return { ...file, membership: { ...membership, promise } };
  });
  return { promised: refusal === null, reason: refusal };
}

function whyNot(
  context: ClusterContext,
  membership: Membership,
  { node_id: nodeId, term }: { readonly node_id: number; readonly term: number },
): string | null {
  if (configuredRole(membership) !== 'secondary') return 'This server is main itself.';
  if (membership.main_node_id !== nodeId) return `Main is node ${String(membership.main_node_id)}.`;
  if (membership.term > term) return `This server has seen term ${String(membership.term)}.`;
  if (isPromotedOutside(context)) return 'This database takes writes.';
  const { handover } = membership;
  if (handover?.side === 'candidate' && (handover.state === 'asked' || handover.state === 'granted')) {
    return 'A planned change of main runs.';
  }
  return isPromoting(context) ? 'A promotion of this server runs.' : null;
}
