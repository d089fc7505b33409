/** The point of no return (SAFETY §3 "Grant"): main's leave to promote, in its node.json before it is sent. */
import { GRANT_MARGIN_MS, GRANT_VALID_MS } from '@proxpanel/failover/plans';
import { parseLsn } from '@proxpanel/failover/lsn';
import type { z } from 'zod';
import type { grantBodySchema, grantReplySchema } from '@proxpanel/contracts/change-of-main';
import type { ClusterContext } from './cluster-context.ts';
import { changeHandover, goodForMs, instantIn, liveHandover } from './handover.ts';
import type { Handover } from './node-file.ts';
import { hear } from './sounds.ts';

type GrantBody = z.infer<typeof grantBodySchema>;
type GrantReply = z.infer<typeof grantReplySchema>;

/**
 * Never throws for a refusal: it says why. Asked again by the same candidate it grants again without granting longer: the
 * candidate's own deadline counts from its first asking.
 */
export async function answerGrant(
  context: ClusterContext,
  body: GrantBody,
  callerNodeId: number | null,
): Promise<GrantReply> {
  if (callerNodeId !== body.candidate_node_id) return refused('A server may ask for its own promotion alone.');
  hear(context, body.candidate_node_id);
  let reason: string | null = 'This change of main is not under way here.';
  await changeHandover(context, body.operation_id, (current) => {
    const handover = withEnd(context, current);
    reason = refusal(context, handover, body);
    if (reason !== null || handover.state === 'granted') return null;
    const goodUntil = instantIn(context, GRANT_VALID_MS + GRANT_MARGIN_MS);
    return { handover: { ...handover, state: 'granted', good_until: goodUntil } };
  });
  if (reason !== null) {
    context.log.warn({ operation_id: body.operation_id, reason }, 'a grant was refused');
    return refused(reason);
  }
  return { granted: true, valid_ms: GRANT_VALID_MS, reason: null };
}

/** Where main's WAL ends comes to the disk with the grant itself. */
function withEnd(context: ClusterContext, handover: Handover): Handover {
  const { end } = liveHandover(context);
  if (end?.operationId !== handover.operation_id) return handover;
  return { ...handover, last_lsn: end.lastLsn, last_is_checkpoint: end.isCheckpoint };
}

function refused(reason: string): GrantReply {
  return { granted: false, valid_ms: 0, reason };
}

function refusal(context: ClusterContext, handover: Handover, body: GrantBody): string | null {
  if (handover.side !== 'main' || handover.candidate_node_id !== body.candidate_node_id) {
    return 'This change of main has another candidate.';
  }
  if (handover.term !== body.term) return `This server is main of term ${String(handover.term)}.`;
  if (handover.state === 'granted') {
    return goodForMs(context, handover) > GRANT_MARGIN_MS ? null : 'The grant has run out.';
  }
  if (handover.state !== 'shutting') return 'This change of main was taken back.';
  if (context.database.view().state === 'writable') return 'The database still takes writes.';
  if (handover.way === 'dead') return null;
  if (handover.last_lsn === null) return 'The database is not shut yet.';
  const [held, last] = [parseLsn(body.received_lsn), parseLsn(handover.last_lsn)];
  const holdsAll = handover.last_is_checkpoint ? held > last : held >= last;
  return holdsAll ? null : `WAL up to ${handover.last_lsn} is needed, and ${body.received_lsn} was received.`;
}
