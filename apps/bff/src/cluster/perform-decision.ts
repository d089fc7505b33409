/** Carries out what decide says. Nothing is begun twice while it runs, and what fails is decided anew at the next tick. */
import type { Action, ActionKind, Decision, FenceCause } from '@proxpanel/failover/decision';
import { Fault, messageOf } from '../fault.ts';
import { askConfirmation } from './ask-confirmation.ts';
import { askPromises } from './ask-promises.ts';
import { degradeDurability, restoreDurability } from './change-durability.ts';
import type { ClusterContext } from './cluster-context.ts';
import { automaticActor, failOver } from './fail-over.ts';
import { isDecidesReason, leaseGateReason } from './gate-reasons.ts';
import { handOver } from './hand-over.ts';
import { keepGuard, renewLease, takeLease } from './hold-lease.ts';
import { enforceFence, meetEqualTerm, meetTerm } from './meet-term.ts';
import { policyOf } from './observe-for-decision.ts';
import { recordEvent } from './record-event.ts';
import { resumeMain } from './resume-main.ts';

const fenceLimitMs = 60_000;
const startLimitMs = 20_000;

type Performed = Map<ActionKind, Promise<void>>;

/** What runs now, per server; a second performer of the same server would be a defect. */
const running = new WeakMap<ClusterContext, Performed>();

/** Starts every action that does not run yet, and returns at once. */
export function performDecision(context: ClusterContext, decision: Decision): void {
  const performed = running.get(context) ?? new Map<ActionKind, Promise<void>>();
  running.set(context, performed);
  for (const action of decision.actions) {
    if (performed.has(action.kind) || !isDue(context, action.kind)) continue;
    const work = perform(context, action, decision)
      .catch((error: unknown) => {
        const level = error instanceof Fault ? 'warn' : 'error';
        context.log[level]({ action: action.kind, rules: decision.rules, reason: messageOf(error) }, 'put off');
      })
      .finally(() => performed.delete(action.kind));
    performed.set(action.kind, work);
  }
}

/** Operations that failed are begun again only after so long: each attempt shuts gates, asks peers and writes events. */
const operationPausesMs: Partial<Record<ActionKind, number>> = {
  hand_over: 10_000,
  restore_durability: 5_000,
  fail_over: 1_000,
  resume_main: 1_000,
};
const begunMs = new WeakMap<ClusterContext, Map<ActionKind, number>>();

function isDue(context: ClusterContext, kind: ActionKind): boolean {
  const pauseMs = operationPausesMs[kind];
  if (pauseMs === undefined) return true;
  const begun = begunMs.get(context) ?? new Map<ActionKind, number>();
  begunMs.set(context, begun);
  const nowMs = performance.now();
  if (nowMs - (begun.get(kind) ?? -Infinity) < pauseMs) return false;
  begun.set(kind, nowMs);
  return true;
}

/** Resolves when everything that was begun has ended; for the end of the process. */
export async function settlePerformed(context: ClusterContext): Promise<void> {
  await Promise.all([...(running.get(context)?.values() ?? [])]);
}

async function perform(context: ClusterContext, action: Action, decision: Decision): Promise<void> {
  const rule = decision.rules[0] ?? 0;
  switch (action.kind) {
    case 'open_gate':
      if (isDecidesReason(context.roles.view().gateShutBecause)) context.roles.openGate();
      return;
    case 'fence':
      return fence(context, action.cause, action.sentence, rule);
    case 'keep_standby_signal':
      await context.replication.keepStandbySignal(true);
      context.memory.standbySignal = await context.replication.standbySignal();
      return;
    case 'drop_standby_signal':
      await context.replication.keepStandbySignal(false);
      context.memory.standbySignal = false;
      return;
    case 'keep_guard':
      return decision.deadlineMs === null ? undefined : keepGuard(context, decision.deadlineMs);
    case 'take_lease':
      await takeLease(context, null);
      return;
    case 'renew_lease':
      return renewLease(context);
    case 'ask_promises':
      return askPromisesOften(context);
    case 'ask_confirmation':
      await askConfirmation(context);
      return;
    case 'resume_main':
      await resumeMain(context, { actor: automaticActor, reason: decision.sentence, claimed: false });
      return;
    case 'start_database':
      context.memory.startTried = true;
      return context.postgresControl.start(AbortSignal.timeout(startLimitMs));
    case 'hand_over':
      await handOver(context, action.toNodeId);
      return;
    case 'fail_over':
      return failOver(context, decision.sentence, rule);
    case 'degrade_durability':
      return degradeDurability(context, rule);
    case 'restore_durability':
      return restoreDurability(context, rule);
    case 'tell_blocked':
      return tellBlocked(context, action.reasons, decision.sentence, rule);
  }
}

/** Every fifth of the lease, and not at every tick while the arbiter is away. */
async function askPromisesOften(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null) return;
  const { leaseTtlMs } = policyOf(context, membership);
  const askedMs = performance.now();
  if (askedMs - context.memory.promisesAskedMs < leaseTtlMs / 5) return;
  context.memory.promisesAskedMs = askedMs;
  await askPromises(context, leaseTtlMs);
}

async function fence(context: ClusterContext, cause: FenceCause, sentence: string, rule: number): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership === null) return;
  if (cause === 'superseded') return meetNewerMain(context);
  if (cause === 'equal_term') return meetEqualTerm(context);
  // Fenced already, and told once: on a busy server the fence takes longer than a tick, and is waited for, not told again.
  if (membership.fence !== null) return enforceFence(context);
  // The gate first: it costs nothing, and no new write of the panel may start while the database is being shut.
  context.roles.shutGate(leaseGateReason);
  await context.replication.fence(AbortSignal.timeout(fenceLimitMs));
  await context.database.look();
  await recordEvent(context, {
    type: 'main_fenced',
    message: sentence,
    actor: 'system',
    nodeId: membership.node_id,
    severity: 'critical',
    rule,
  });
}

async function meetNewerMain(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  const lease = context.memory.arbiter.view?.main ?? null;
  const saidBy = [...context.memory.probes.values()]
    .flatMap(({ reply }) => (reply === null ? [] : [reply]))
    .find(({ term }) => term > (membership?.term ?? 0));
  if (saidBy !== undefined) {
    await meetTerm(context, {
      term: saidBy.term,
      mainNodeId: saidBy.main_node_id,
      saidBy: `node ${String(saidBy.node_id)}`,
      speakerIsMain: saidBy.main_node_id === saidBy.node_id,
    });
  } else if (lease !== null && lease.term > (membership?.term ?? 0)) {
    await meetTerm(context, { term: lease.term, mainNodeId: lease.nodeId, saidBy: 'the arbiter' });
  }
}

async function tellBlocked(
  context: ClusterContext,
  reasons: readonly { readonly code: string; readonly sentence: string }[],
  sentence: string,
  rule: number,
): Promise<void> {
  await recordEvent(context, {
    type: 'failover_blocked',
    message: sentence,
    actor: automaticActor,
    severity: 'critical',
    rule,
    details: { reasons: reasons.map(({ code }) => code) },
  });
}
