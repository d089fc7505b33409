/** Automatic failover: decide found no reason against it, so this secondary promotes itself (SAFETY §4). */
import { PLANS, stepNames } from '@proxpanel/failover/plans';
import type { ClusterContext } from './cluster-context.ts';
import { requireMembership } from './membership.ts';
import { beginOperation } from './operation-record.ts';
import { promotionRun } from './promote-secondary.ts';
import { recordEvent } from './record-event.ts';
import { runPlan } from './run-plan.ts';
import { startOperation } from './start-operation.ts';

export const automaticActor = 'automatic failover';

/** Resolves once the operation is on disk and running. BUSY when another one runs. `sentence`, `rule`: what decided it. */
export async function failOver(context: ClusterContext, sentence: string, rule: number): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await startOperation(
    context,
    'an automatic failover',
    async () => {
      const operation = await beginOperation(context, {
        kind: 'automatic_failover',
        actor: automaticActor,
        reason: sentence,
        phases: stepNames('automatic_failover'),
      });
      await recordEvent(context, {
        type: 'failover_started',
        message: `"${membership.display_name}" takes over: ${sentence}`,
        actor: automaticActor,
        nodeId: membership.node_id,
        severity: 'critical',
        rule,
        details: { operation_id: operation.id },
      });
      return operation;
    },
    (operation) => runPlan(context, { ...promotionRun(operation), plan: PLANS.automatic_failover }, operation),
  );
}
