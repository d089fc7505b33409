/** "Say that the grant of this operation was not used and never will be" (SAFETY §3 "Grant"), on either side. */
import type { z } from 'zod';
import type { discardBodySchema, discardReplySchema } from '@proxpanel/contracts/change-of-main';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { changeHandover, currentHandover, liveHandover, tellHandoverNews } from './handover.ts';
import { configuredRole, requireMembership } from './membership.ts';
import { phaseOf } from './operation-record.ts';
import { undoPreparation } from './prepare-for-promotion.ts';
import { hear } from './sounds.ts';

type DiscardReply = z.infer<typeof discardReplySchema>;

const neither: DiscardReply = { discarded: false, promoted: false, term: 0 };

export async function answerDiscard(
  context: ClusterContext,
  { operation_id: id }: z.infer<typeof discardBodySchema>,
  callerNodeId: number | null,
): Promise<DiscardReply> {
  const membership = requireMembership(context.nodeFile.get());
  if (callerNodeId !== null) hear(context, callerNodeId);
  const { handover } = membership;
  if (handover?.operation_id === id && handover.side === 'main') return hearCandidate(context, id, callerNodeId);
  if (callerNodeId !== membership.main_node_id && configuredRole(membership) !== 'main') {
    throw new Fault('BAD_TOKEN', 'Only main may take back what it granted.');
  }
  return discardOwn(context, id);
}

/** The candidate says it without being asked, so that main need not wait for its time-out. */
function hearCandidate(context: ClusterContext, id: string, callerNodeId: number | null): DiscardReply {
  if (currentHandover(context)?.candidate_node_id !== callerNodeId) {
    throw new Fault('BAD_TOKEN', 'Only the candidate itself can say that it does not promote.');
  }
  liveHandover(context).givenUp.set(id, 'The candidate gave it up.');
  tellHandoverNews(context);
  return { ...neither, discarded: true };
}

/** "Discarded" is on disk before it is said, and from then on nothing of this operation is promoted. */
async function discardOwn(context: ClusterContext, id: string): Promise<DiscardReply> {
  const live = liveHandover(context);
  const { state } = await context.database.look();
  // A database that cannot be asked may just be leaving recovery.
  const handover = currentHandover(context);
  const isTooLate = handover?.operation_id === id && handover.state === 'discarded';
  // Out of recovery too late: it is about to be fenced, and is main of nothing.
  if (state === 'writable') return { ...neither, promoted: !isTooLate };
  if (state !== 'recovery' || (await wasPromoting(context, id))) return neither;
  // From this look to the mark nothing is waited for: pg_promote looks at the mark in the same way.
  if (live.promotingId === id) return neither;
  live.discardingId = id;
  try {
    await keepDiscarded(context, id);
  } finally {
    live.discardingId = null;
  }
  if (currentHandover(context)?.state !== 'discarded') return neither;
  await undoPreparation(context, id);
  return { ...neither, discarded: true, term: requireMembership(context.nodeFile.get()).taken_term };
}

/** This process was restarted in the middle of pg_promote, and has not gone on with it yet. */
async function wasPromoting(context: ClusterContext, id: string): Promise<boolean> {
  const operation = await context.operationFiles.read(id);
  return operation?.state === 'running' && phaseOf(operation, 'promote_database')?.state === 'running';
}

/** Also of an operation that never got here: a late `prepare` with its id is refused then. */
async function keepDiscarded(context: ClusterContext, id: string): Promise<void> {
  const known = await changeHandover(context, id, (handover) => ({ handover: { ...handover, state: 'discarded' } }));
  if (known !== null) return;
  await context.nodeFile.update((file) => {
    const { membership } = file;
    const open = membership?.handover != null && membership.handover.state !== 'discarded';
    if (membership === null || open) return file;
    return {
      ...file,
      membership: {
        ...membership,
        handover: {
          operation_id: id,
          side: 'candidate',
          candidate_node_id: membership.node_id,
          term: membership.term,
          state: 'discarded',
          way: null,
          last_lsn: null,
          last_is_checkpoint: false,
          own_timeline: null,
          good_until: null,
        },
      },
    };
  });
}
