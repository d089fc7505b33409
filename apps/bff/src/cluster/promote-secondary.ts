/**
 * Emergency promotion of this secondary: asked for by an admin, refused with reasons, run in phases that each may be
 * repeated, resumed after a restart of the BFF (DESIGN §8, SAFETY §2 and §3 "Promotion itself").
 */
import { emergencyPromotionPhases, type Operation, type PromoteBody } from '@proxpanel/contracts/operations';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { judgeOwnPromotion } from './judge-promotion.ts';
import { requireMembership } from './membership.ts';
import type { Membership } from './node-file.ts';
import { beginOperation, endOperation, phaseOf, setPhase } from './operation-record.ts';
import { probePeers } from './probe-peers.ts';
import { promotionSteps } from './promotion-steps.ts';
import { recordEvent } from './record-event.ts';

/** A little over one probe. */
const probeLimitMs = 4_000;

/** Answers once the operation is written down and started. BLOCKED, CONFIRMATION_NEEDED, NOT_SECONDARY or NOT_AVAILABLE with reasons. */
export async function promoteSecondary(context: ClusterContext, body: PromoteBody, actor: string): Promise<Operation> {
  const membership = requireMembership(context.nodeFile.get());
  if (body.mode === 'switchover') {
    throw new Fault(
      'NOT_AVAILABLE',
      'A planned switchover is not offered by this version; promote the secondary on its own page.',
    );
  }
  if (body.node_id !== undefined && body.node_id !== membership.node_id) {
    throw new Fault('NOT_SECONDARY', 'An emergency promotion is asked for on the server that is to become main.');
  }
  await lookAfresh(context);
  refuse(context, membership, body.confirm);
  const input = {
    kind: 'emergency_promotion',
    actor,
    reason: body.reason ?? null,
    phases: emergencyPromotionPhases,
  } as const;
  return startLocked(context, () => beginOperation(context, input));
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

/** Resolves with the operation once it holds the lock; the phases go on by themselves. */
function startLocked(context: ClusterContext, begin: () => Promise<Operation>): Promise<Operation> {
  return new Promise((resolve, reject) => {
    context.lock
      .run('a promotion', async () => {
        const operation = await begin();
        resolve(operation);
        await runPhases(context, operation);
      })
      .catch((error: unknown) => {
        // Before `resolve` this is the caller's answer; after it, runPhases has written the failure down already.
        context.log.error({ reason: messageOf(error) }, 'a promotion ended with a fault');
        reject(error instanceof Error ? error : new Error(messageOf(error)));
      });
  });
}

/** Goes on with a promotion that a restart of the BFF cut off. Called once at start, when the database has been seen. */
export async function resumePromotions(context: ClusterContext): Promise<void> {
  for (const operation of await context.operationFiles.list()) {
    if (operation.state !== 'running' || operation.kind !== 'emergency_promotion') continue;
    const promoted = phaseOf(operation, 'promote_database')?.state;
    if (promoted !== 'running' && promoted !== 'completed') {
      // Nothing had been changed that a new promotion would not do again.
      await endOperation(
        context,
        operation,
        'failed',
        'The panel was restarted before the database was promoted. Promote again.',
      );
      continue;
    }
    context.log.warn({ operation_id: operation.id }, 'going on with a promotion that was cut off');
    await startLocked(context, () => Promise.resolve(askedAgain(context, operation)));
  }
}

/** Still in recovery, hours may have passed and main may be back: it is asked and shut once more before pg_promote. */
function askedAgain(context: ClusterContext, operation: Operation): Operation {
  if (context.database.view().state !== 'recovery') return operation;
  const repeated = ['fence_main', 'prepare_candidate', 'promote_database'];
  const phases = operation.phases.map((phase) =>
    repeated.includes(phase.name) ? { ...phase, state: 'pending' as const, finished_at: null } : phase,
  );
  return { ...operation, phases };
}

async function runPhases(context: ClusterContext, begun: Operation): Promise<void> {
  let operation = begun;
  const membership = requireMembership(context.nodeFile.get());
  if (phaseOf(operation, 'check')?.state === 'pending') {
    const message = `${operation.actor} asked to promote "${membership.display_name}".`;
    const details = { operation_id: operation.id, reason: operation.reason };
    await recordEvent(context, {
      type: 'promote_requested',
      message,
      actor: operation.actor,
      nodeId: membership.node_id,
      details,
    });
  }
  for (const step of promotionSteps) {
    if (['completed', 'skipped'].includes(phaseOf(operation, step.name)?.state ?? '')) continue;
    operation = await setPhase(context, operation, step.name, 'running');
    try {
      const result = await step.run(context, operation);
      operation = await setPhase(
        context,
        operation,
        step.name,
        result.skipped ? 'skipped' : 'completed',
        result.detail,
      );
    } catch (error) {
      operation = await setPhase(context, operation, step.name, 'failed', messageOf(error));
      await fail(context, operation, step.name, messageOf(error));
      return;
    }
  }
  await endOperation(context, operation, 'completed', `"${membership.display_name}" is the main server.`);
}

async function fail(context: ClusterContext, operation: Operation, step: string, reason: string): Promise<void> {
  const writable = (await context.database.look()).state === 'writable';
  const state = writable ? 'This server accepts writes all the same.' : 'This server is read-only as before.';
  await endOperation(context, operation, 'failed', `The step ${step} failed: ${reason} ${state}`);
  await recordEvent(context, {
    type: 'failover_blocked',
    message: `The promotion failed at ${step}: ${reason}`,
    actor: operation.actor,
    severity: 'critical',
    details: { operation_id: operation.id, step },
  });
}
