/** A planned change of main, asked for on main or passed on to it: refused with reasons before anything is changed (DESIGN §8). */
import { randomUUID } from 'node:crypto';
import type { Operation, PromoteBody } from '@proxpanel/contracts/operations';
import type { Reason } from '@proxpanel/contracts/primitives';
import { stepNames } from '@proxpanel/failover/plans';
import { Fault, messageOf } from '../fault.ts';
import { askToPrepare } from './ask-candidate.ts';
import { judgeSwitchover } from './choose-candidate.ts';
import type { ClusterContext } from './cluster-context.ts';
import { observeReplication } from './observe-replication.ts';
import { beginOperation } from './operation-record.ts';
import type { ShutdownChecks } from './postgres-ports.ts';
import { probePeers } from './probe-peers.ts';
import { recordEvent } from './record-event.ts';
import { runPlan } from './run-plan.ts';
import { startOperation } from './start-operation.ts';
import { switchoverRun, type SwitchoverPlan } from './switchover-main.ts';

/** A little over one probe. */
const probeLimitMs = 4_000;
const rehearseTimeoutMs = 15_000;

export interface SwitchoverChecks {
  readonly judgement: ReturnType<typeof judgeSwitchover>;
  /** null: not asked, because something else refuses it already. */
  readonly shutdown: ShutdownChecks | null;
  readonly candidateReasons: readonly string[] | null;
  readonly blockers: readonly Reason[];
}

/** Everything that can be known before main is shut, asked now; changes nothing. */
export async function checkSwitchover(
  context: ClusterContext,
  request: { readonly nodeId: number | undefined; readonly actor: string; readonly reason: string | null },
): Promise<SwitchoverChecks> {
  await Promise.all([context.database.look(), probePeers(context, AbortSignal.timeout(probeLimitMs))]);
  await observeReplication(context);
  const judgement = judgeSwitchover(context, request.nodeId);
  if (judgement.candidate === null || judgement.blockers.length > 0) {
    return { judgement, shutdown: null, candidateReasons: null, blockers: judgement.blockers };
  }
  const order = { stage: 'rehearse', kind: 'switchover', last_lsn: null, last_is_checkpoint: false } as const;
  const question = { id: randomUUID(), actor: request.actor, reason: request.reason };
  const { node_id: candidateId } = judgement.candidate;
  const [shutdown, candidateReasons] = await Promise.all([
    context.replication.checkForShutdown(),
    askToPrepare(context, question, candidateId, order, { timeoutMs: rehearseTimeoutMs }).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      return [`The candidate does not answer: ${messageOf(error)}`];
    }),
  ]);
  const said = candidateReasons.map((sentence) => ({ code: 'candidate_not_ready', sentence }));
  return { judgement, shutdown, candidateReasons, blockers: [...shutdown.refusals, ...said] };
}

/** How main would be shut here (SAFETY §1): by a stop where there is control. */
export function wayToShut(context: ClusterContext): 'stop' | 'demote' {
  return context.postgresControl.kind === null ? 'demote' : 'stop';
}

/** Answers once the operation is written down and started. BLOCKED or CONFIRMATION_NEEDED with reasons; BUSY. */
export async function switchOver(context: ClusterContext, body: PromoteBody, actor: string): Promise<Operation> {
  const request = { nodeId: body.node_id, actor, reason: body.reason ?? null };
  const { judgement, blockers } = await checkSwitchover(context, request);
  const [blocker] = blockers;
  const { candidate } = judgement;
  if (blocker !== undefined) throw new Fault('BLOCKED', blocker.sentence, { reasons: [...blockers] });
  if (candidate === null) throw new Fault('BLOCKED', 'There is no other server that could become main.');
  if (judgement.warnings.length > 0 && body.confirm !== candidate.display_name) {
    const sentence = `Type the name of the candidate, "${candidate.display_name}", to promote it although a check warns.`;
    throw new Fault('CONFIRMATION_NEEDED', sentence, { reasons: [...judgement.warnings], field: 'confirm' });
  }
  const plan: SwitchoverPlan = { candidateNodeId: candidate.node_id, way: wayToShut(context) };
  const begin = async (): Promise<Operation> => {
    const operation = await beginOperation(context, {
      kind: 'switchover',
      actor,
      reason: request.reason,
      phases: stepNames('switchover_main'),
    });
    await recordEvent(context, {
      type: 'promote_requested',
      message: `${actor} asked to make "${candidate.display_name}" the main server.`,
      actor,
      nodeId: candidate.node_id,
      details: { operation_id: operation.id, reason: operation.reason, way: plan.way },
    });
    return operation;
  };
  return startOperation(context, 'a change of main', begin, (operation) =>
    runPlan(context, switchoverRun(plan), operation),
  );
}
