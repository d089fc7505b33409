/** Main asks its candidate: are you able, get ready, take over (SAFETY §3 "Grant", DESIGN §8). */
import type { PrepareBody } from '@proxpanel/contracts/change-of-main';
import { formatLsn } from '@proxpanel/failover/lsn';
import { stepNames } from '@proxpanel/failover/plans';
import type { z } from 'zod';
import type { prepareReplySchema } from '@proxpanel/contracts/change-of-main';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { isOpenHandover, liveHandover } from './handover.ts';
import { candidateReasons, judgeCandidate } from './judge-candidate.ts';
import { requireMembership } from './membership.ts';
import { meetTerm } from './meet-term.ts';
import { beginOperationNow } from './operation-record.ts';
import { PREPARED_FOR_MS, prepareForPromotion, undoPreparation } from './prepare-for-promotion.ts';
import { pullBeforeTakingOver } from './pull-uploads.ts';
import { runPlan } from './run-plan.ts';
import { startOperation } from './start-operation.ts';
import { hear } from './sounds.ts';
import { beginCandidacy, candidateRun } from './switchover-candidate.ts';

type PrepareReply = z.infer<typeof prepareReplySchema>;

/** BAD_TOKEN from anyone but main, STALE_TERM of another reign; otherwise a reply with reasons. */
export async function acceptPrepare(
  context: ClusterContext,
  body: PrepareBody,
  callerNodeId: number | null,
): Promise<PrepareReply> {
  // Main may have taken its lease anew a moment ago, and with it a term that no heartbeat has brought yet.
  const speaker = { mainNodeId: callerNodeId, saidBy: 'main', speakerIsMain: true };
  if (callerNodeId === requireMembership(context.nodeFile.get()).main_node_id) {
    await meetTerm(context, { ...speaker, term: body.term });
  }
  const membership = requireMembership(context.nodeFile.get());
  if (callerNodeId !== membership.main_node_id || body.candidate_node_id !== membership.node_id) {
    throw new Fault('BAD_TOKEN', 'Only main may ask this server to take over, and only for itself.');
  }
  if (body.term !== membership.term) {
    throw new Fault(
      'STALE_TERM',
      `Term ${String(body.term)} is not the one of this server, ${String(membership.term)}.`,
    );
  }
  hear(context, callerNodeId);
  const reasons = body.stage === 'take_over' ? await takeOver(context, body) : await judge(context, body);
  const replayed = context.memory.positions?.replayLsn ?? null;
  return { ready: reasons.length === 0, reasons, replay_lsn: replayed === null ? null : formatLsn(replayed) };
}

async function judge(context: ClusterContext, body: PrepareBody): Promise<string[]> {
  const reasons = await judgeCandidate(context, false);
  if (reasons.length > 0 || body.stage === 'rehearse') return reasons.map(({ sentence }) => sentence);
  await prepareForPromotion(context, body.operation_id);
  await pullBeforeTakingOver(context);
  const timer = setTimeout(() => void undoUnused(context, body.operation_id), PREPARED_FOR_MS);
  timer.unref();
  return [];
}

async function undoUnused(context: ClusterContext, operationId: string): Promise<void> {
  if (liveHandover(context).preparedId !== operationId || context.lock.running() !== null) return;
  await undoPreparation(context, operationId);
}

/** The candidate's own half begins under the same id. A repeated call finds it running. */
async function takeOver(context: ClusterContext, body: PrepareBody): Promise<string[]> {
  const known = await context.operationFiles.read(body.operation_id);
  if (known !== null) return known.state === 'running' ? [] : [known.outcome ?? 'The candidate gave it up.'];
  const { handover } = requireMembership(context.nodeFile.get());
  if (handover?.operation_id === body.operation_id) return ['The candidate has given this change of main up.'];
  if (isOpenHandover(handover)) return ['An earlier change of main is not settled on the candidate yet.'];
  // WAL need not flow any more: main has just been shut.
  const stopped = new Set(['not_streaming', 'lag']);
  const [reason] = candidateReasons(context).filter(({ code }) => !stopped.has(code));
  if (reason !== undefined) return [reason.sentence];
  const live = liveHandover(context);
  const begin = () =>
    beginOperationNow(context, {
      id: body.operation_id,
      kind: body.kind,
      actor: body.actor,
      reason: body.reason,
      phases: stepNames('switchover_candidate'),
    });
  // Main takes no writes now: what has to be on disk is written while the first steps run, and before main is answered.
  const asking = Promise.withResolvers<void>();
  await startOperation(context, 'taking over as main', begin, ({ operation, written }) => {
    const { operation_id: id, last_lsn: lastLsn, last_is_checkpoint: lastIsCheckpoint } = body;
    beginCandidacy(context, id, lastLsn).then(asking.resolve, asking.reject);
    live.asking = { operationId: id, written: asking.promise };
    return runPlan(context, candidateRun({ lastLsn, lastIsCheckpoint }), operation, written);
  });
  await asking.promise;
  return [];
}
