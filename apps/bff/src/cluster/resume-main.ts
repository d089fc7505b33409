/**
 * Fail-safe restart (SAFETY §1): main's database came up read-only, and this server is still main by §3, so it promotes
 * itself: same term, new promotion id. Also what "I am the only main" does once an admin has said it.
 */
import type { Operation } from '@proxpanel/contracts/operations';
import { PLANS, stepNames } from '@proxpanel/failover/plans';
import { Fault } from '../fault.ts';
import { askConfirmation } from './ask-confirmation.ts';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership } from './membership.ts';
import { beginOperation } from './operation-record.ts';
import { promotionSteps } from './promotion-steps.ts';
import { recordEvent } from './record-event.ts';
import { runPlan, type PlanRun } from './run-plan.ts';
import { bootMs } from './sounds.ts';
import { startOperation } from './start-operation.ts';
import type { RunStep } from './step-result.ts';

export interface ResumeCause {
  readonly actor: string;
  readonly reason: string;
  /** An admin said "I am the only main": nobody else is asked. */
  readonly claimed: boolean;
}

/** Resolves with the operation once it is on disk and running. BUSY when another one runs. */
export async function resumeMain(context: ClusterContext, cause: ResumeCause): Promise<Operation> {
  return startOperation(
    context,
    'the resumption of main',
    () =>
      beginOperation(context, {
        kind: 'resume_main',
        actor: cause.actor,
        reason: cause.reason,
        phases: stepNames('resume_main'),
      }),
    (operation) => runPlan(context, resumeRun(cause.claimed), operation),
  );
}

export function resumeRun(claimed: boolean): PlanRun {
  return {
    plan: PLANS.resume_main,
    steps: { ...promotionSteps, confirm_main: claimed ? claimedMain : confirmMain },
    outcome: () => 'This server takes writes again.',
    async onFailed(context, operation, { step, reason }) {
      context.log.warn({ operation_id: operation.id, step, reason }, 'main could not be resumed');
      // The decision is made anew from what is seen then, again and again: one event says it, not one a second.
      if (context.memory.standingFaults.has('resume_main')) return;
      context.memory.standingFaults.set('resume_main', `Main waits, read-only: ${reason}`);
      await recordEvent(context, {
        type: 'failover_blocked',
        message: `Main could not resume at ${step}: ${reason}`,
        actor: operation.actor,
        severity: 'warning',
        details: { operation_id: operation.id, step },
      });
    },
  };
}

const claimedMain: RunStep = (_context, operation) =>
  Promise.resolve({ detail: `${operation.actor} says that this is the only main.` });

/** Asked once more, directly before pg_promote: the decision was made from answers that may be seconds old. */
const confirmMain: RunStep = async (context) => {
  if (context.arbiter.configured) {
    const deadlineMs = context.memory.decision?.deadlineMs ?? null;
    if (deadlineMs === null || deadlineMs <= bootMs(context)) {
      throw new Fault('LEASE_HELD', 'The lease does not last long enough any more.');
    }
    return { detail: `The lease is good for another ${String(Math.round(deadlineMs - bootMs(context)))} ms.` };
  }
  const { settings } = requireMembership(context.nodeFile.get());
  const answers = await askConfirmation(context);
  if (answers.denied !== null) throw new Fault('BLOCKED', answers.denied);
  if (answers.confirmed.length > 0) return { detail: `${answers.confirmed.join(', ')}: still main.` };
  if (answers.asked === 0) return { detail: 'There is no other server to ask.' };
  if (!settings.auto_failover && settings.self_promote_after_ms !== null) {
    return { detail: 'Nobody answered; the setting self_promote_after_ms lets this server go on.' };
  }
  throw new Fault('BLOCKED', 'No other server answered, so nobody knows whether this one is still main.');
};
