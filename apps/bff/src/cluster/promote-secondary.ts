/**
 * Emergency promotion of this secondary: asked for by an admin, refused with reasons, run in phases that each may be
 * repeated, resumed after a restart of the BFF (DESIGN §8, SAFETY §2 and §3 "Promotion itself").
 */
import type { Operation, PromoteBody } from '@proxpanel/contracts/operations';
import { PLANS, stepNames } from '@proxpanel/failover/plans';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { giveLeaseBack } from './hold-lease.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import { requireMembership } from './membership.ts';
import type { Membership } from './node-file.ts';
import { beginOperation } from './operation-record.ts';
import { probePeers } from './probe-peers.ts';
import { promotionSteps } from './promotion-steps.ts';
import { recordEvent } from './record-event.ts';
import { runPlan, type PlanRun } from './run-plan.ts';
import { startOperation } from './start-operation.ts';

/** A little over one probe. */
const probeLimitMs = 4_000;

/** Answers once the operation is written down and started. BLOCKED, CONFIRMATION_NEEDED, NOT_SECONDARY or NOT_AVAILABLE with reasons. */
export async function promoteSecondary(context: ClusterContext, body: PromoteBody, actor: string): Promise<Operation> {
  const membership = requireMembership(context.nodeFile.get());
  if (body.node_id !== undefined && body.node_id !== membership.node_id) {
    throw new Fault('NOT_SECONDARY', 'An emergency promotion is asked for on the server that is to become main.');
  }
  await lookAfresh(context);
  refuse(context, membership, body.confirm);
  const input = {
    kind: 'emergency_promotion',
    actor,
    reason: body.reason ?? null,
    phases: stepNames('emergency_promotion'),
    withoutArbiter: body.without_arbiter === true,
  } as const;
  const begin = async (): Promise<Operation> => {
    const operation = await beginOperation(context, input);
    await recordRequest(context, operation);
    return operation;
  };
  return startOperation(context, 'a promotion', begin, (operation) =>
    runPlan(context, promotionRun(operation), operation),
  );
}

/**
 * The judgement must be about now: main is probed and the database looked at before anything is refused or begun. The
 * other members are asked as well, because the term that is about to be claimed must be above all of theirs.
 */
async function lookAfresh(context: ClusterContext): Promise<void> {
  await Promise.all([context.database.look(), probePeers(context, AbortSignal.timeout(probeLimitMs))]);
}

function refuse(context: ClusterContext, membership: Membership, confirm: string | undefined): void {
  const judgement = judgeOwnPromotion(context);
  const [blocker] = judgement.blockers;
  if (blocker !== undefined) throw new Fault('BLOCKED', blocker.sentence, { reasons: judgement.blockers });
  if (!judgement.confirmationNeeded || confirm === membership.display_name) return;
  const sentence =
    confirm === undefined
      ? `Type the name of this server, "${membership.display_name}", to promote it although a check warns.`
      : `"${confirm}" is not the name of this server, "${membership.display_name}".`;
  throw new Fault('CONFIRMATION_NEEDED', sentence, { reasons: judgement.warnings, field: 'confirm' });
}

/** Says who asked, before anything is done. */
async function recordRequest(context: ClusterContext, operation: Operation): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await recordEvent(context, {
    type: 'promote_requested',
    message: `${operation.actor} asked to promote "${membership.display_name}".`,
    actor: operation.actor,
    nodeId: membership.node_id,
    details: { operation_id: operation.id, reason: operation.reason },
  });
}

/** How an admin's or an automatic promotion of this server runs. */
export function promotionRun({ kind }: Pick<Operation, 'kind'>): PlanRun {
  return {
    plan: PLANS[kind === 'automatic_failover' ? 'automatic_failover' : 'emergency_promotion'],
    steps: promotionSteps,
    outcome: (context) => `"${requireMembership(context.nodeFile.get()).display_name}" is the main server.`,
    async onFailed(context, operation, { step, reason }) {
      // Kept, it would stand in everybody's way until it ran out.
      if (context.database.view().state !== 'writable') await giveLeaseBack(context);
      await recordEvent(context, {
        type: 'failover_blocked',
        message: `The promotion failed at ${step}: ${reason}`,
        actor: operation.actor,
        severity: 'critical',
        details: { operation_id: operation.id, step },
      });
    },
  };
}
