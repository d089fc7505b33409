/** Main's own PostgreSQL is dead and its panel lives: it grants at once, and a secondary takes over (SAFETY §4). */
import { setTimeout as delay } from 'node:timers/promises';
import { PLANS, stepNames } from '@proxpanel/failover/plans';
import { Fault } from '../fault.ts';
import { candidatePeer } from './ask-candidate.ts';
import { awaitNewMain } from './await-new-main.ts';
import type { ClusterContext } from './cluster-context.ts';
import { beginOperation } from './operation-record.ts';
import { recordEvent } from './record-event.ts';
import { runPlan, type PlanRun } from './run-plan.ts';
import { bootMs } from './sounds.ts';
import { startOperation } from './start-operation.ts';
import type { RunStep } from './step-result.ts';
import { awaitGrant, handOverStep, shutGate, tellFailure } from './switchover-main.ts';
import { takeBackSteps } from './take-back-steps.ts';

const actor = 'automatic failover';
const pollMs = 50;
/** What was refused a moment ago is refused now; decide asks ten times a second. */
const againAfterMs = 5_000;

const failedAtMs = new WeakMap<ClusterContext, number>();

/** Resolves once the operation is on disk and running; at once, shortly after one that failed. BUSY when another one runs. */
export async function handOver(context: ClusterContext, toNodeId: number): Promise<void> {
  if (bootMs(context) - (failedAtMs.get(context) ?? -Infinity) < againAfterMs) return;
  const candidate = candidatePeer(context, toNodeId);
  const reason = context.database.view().sentence;
  await startOperation(
    context,
    'a hand-over',
    async () => {
      const operation = await beginOperation(context, {
        kind: 'hand_over',
        actor,
        reason,
        phases: stepNames('hand_over'),
      });
      await recordEvent(context, {
        type: 'failover_started',
        message: `Main's PostgreSQL is down (${reason}) "${candidate.display_name}" is to take over.`,
        actor,
        severity: 'critical',
        details: { operation_id: operation.id },
      });
      return operation;
    },
    (operation) => runPlan(context, handOverRun(toNodeId), operation),
  );
}

export function handOverRun(candidateNodeId: number): PlanRun {
  return {
    plan: PLANS.hand_over,
    steps: {
      ...takeBackSteps,
      shut_gate: shutGate({ candidateNodeId, way: 'dead' }),
      hand_over: handOverWhenDead,
      await_grant: awaitGrant,
      await_new_main: awaitNewMain,
    },
    outcome: (context) => `"${candidatePeer(context, candidateNodeId).display_name}" is the main server.`,
    onFailed: (context, operation, failed) => {
      failedAtMs.set(context, bootMs(context));
      return tellFailure(context, operation, failed);
    },
  };
}

/** A backend that outlives its postmaster may still commit: where they can be seen, none is left before it is granted. */
const handOverWhenDead: RunStep = async (context, operation, signal) => {
  while (((await context.postgresControl.livingProcesses()) ?? 0) > 0) {
    const { state } = await context.database.look();
    if (state === 'writable') throw new Fault('BLOCKED', "Main's PostgreSQL takes writes again.");
    // Up again in recovery, or on its way there, writes nothing.
    if (state === 'recovery') break;
    signal.throwIfAborted();
    await delay(pollMs);
  }
  return handOverStep(context, operation, signal);
};
