/** The way back before (or, on the candidate's word, after) the grant: main is main again, its gate open (DESIGN §8). */
import { setTimeout as delay } from 'node:timers/promises';
import { writeDeadlineMs } from '@proxpanel/failover/lease';
import { Fault } from '../fault.ts';
import { askToDiscard } from './ask-candidate.ts';
import type { ClusterContext } from './cluster-context.ts';
import { changeHandover, currentHandover, endHandover, handoverGateReason, liveHandover } from './handover.ts';
import { keepGuard } from './hold-lease.ts';
import { configuredRole, requireMembership } from './membership.ts';
import type { Handover } from './node-file.ts';
import { observeForDecision, policyOf } from './observe-for-decision.ts';
import { probePeers } from './probe-peers.ts';
import { promoteAndKeep, recordPromotion as recordAnyPromotion } from './promotion-steps.ts';
import { readArbiter } from './read-arbiter.ts';
import { bootMs } from './sounds.ts';
import type { RunStep, StepTable } from './step-result.ts';

const pollMs = 50;
const probeLimitMs = 2_000;
/** An operation that has not been interrupted is back within it. */
const freshMs = 60_000;
const superseded = 'Another server became main meanwhile; this one stays read-only.';

const withdraw: RunStep = async (context, operation) => {
  const handover = await changeHandover(context, operation.id, (current) => {
    if (current.state === 'granted') throw new Fault('BLOCKED', 'It was granted: only the candidate can give it back.');
    return current.state === 'rolled_back' ? null : { handover: { ...current, state: 'rolled_back' } };
  });
  // Not waited for: a grant that is asked for now is refused by what is on the disk.
  if (handover !== null) void askToDiscard(context, operation.id, handover.candidate_node_id);
  return { detail: 'A grant that is asked for now is refused.' };
};

const resumeDatabase: RunStep = async (context, operation, signal) => {
  const handover = currentHandover(context);
  if (handover?.operation_id !== operation.id) return { detail: 'It is main again already.', skipped: true };
  const [{ state, timeline }, mayGoBack] = await Promise.all([
    untilUp(context, signal),
    isStillMain(context, operation.id, handover),
  ]);
  if (isSuperseded(context)) return { detail: superseded, skipped: true };
  if (state === 'writable' && timeline === handover.own_timeline) {
    await context.replication.keepStandbySignal(true);
    return { detail: 'It was never shut.', skipped: true };
  }
  // It waits, read-only, like every main that comes back: decide asks on, or an admin says that it is main.
  if (!mayGoBack) return { detail: 'No other server says whether this one is still main.', skipped: true };
  if (!(await hasLeave(context))) return { detail: 'The lease is not this server’s now; it waits.', skipped: true };
  if (isSuperseded(context)) return { detail: superseded, skipped: true };
  // Also when it left recovery just before this process was restarted: then it only says where it forked.
  const promotion = await promoteAndKeep(context);
  await context.database.look();
  return { detail: `Main again on timeline ${String(promotion.timeline)}.` };
};

/** An admin may have promoted another server while this one was shut: then there is nothing to go back to. */
function isSuperseded(context: ClusterContext): boolean {
  const { membership } = context.nodeFile.get();
  return configuredRole(membership) !== 'main' || membership?.fence != null;
}

/**
 * Has anybody else been made main meanwhile? Whoever answers tells a higher term, and that supersedes this server. Where
 * nobody answers, a main that shut itself a moment ago goes on like any main in a partition; one that was away for longer
 * needs a peer's word (SAFETY §3 "Terms"). With an arbiter the lease says it.
 */
async function isStillMain(context: ClusterContext, operationId: string, handover: Handover): Promise<boolean> {
  if (context.arbiter.configured) return true;
  await probePeers(context, AbortSignal.timeout(probeLimitMs));
  // The candidate, or an admin, has said it.
  if (handover.good_until !== null) return true;
  const { shut } = liveHandover(context);
  if (shut?.operationId === operationId && bootMs(context) - shut.atMs < freshMs) return true;
  return [...context.memory.probes.values()].some(
    ({ lastFailedAtMs, reply }) => reply !== null && lastFailedAtMs === null,
  );
}

/** Starts a stopped PostgreSQL where there is control over it; otherwise waits for whoever does. */
async function untilUp(context: ClusterContext, signal: AbortSignal) {
  const { postgresControl: control } = context;
  for (let isFirst = true; ; isFirst = false) {
    const view = await context.database.look();
    if (view.state === 'writable' || view.state === 'recovery') return view;
    if (signal.aborted) throw new Fault('DATABASE_DOWN', `PostgreSQL is not back yet: ${view.sentence}`);
    if (isFirst && view.state === 'down' && control.kind !== null) await control.start(signal);
    else await delay(pollMs);
  }
}

/**
 * With an arbiter writes are taken again only under a lease of this server's that lives, or everybody's promise; the guard
 * hears of it first. False: another server may be main meanwhile, and this one's own decision finds that out.
 */
async function hasLeave(context: ClusterContext): Promise<boolean> {
  if (!context.arbiter.configured) return true;
  // A restarted panel finds its lease again by it, and an old one learns whose it is.
  await readArbiter(context, AbortSignal.timeout(probeLimitMs));
  const membership = requireMembership(context.nodeFile.get());
  const deadlineMs = writeDeadlineMs(observeForDecision(context, membership), policyOf(context, membership));
  if (deadlineMs === null || deadlineMs <= bootMs(context)) return false;
  await keepGuard(context, deadlineMs);
  return true;
}

const recordPromotion: RunStep = async (context, operation, signal) => {
  const membership = requireMembership(context.nodeFile.get());
  const kept = membership.promotions.at(-1);
  const isOfThis = kept?.node_id === membership.node_id && Date.parse(kept.at) >= Date.parse(operation.started_at);
  if (!isOfThis || isSuperseded(context)) return { detail: 'Nothing was promoted.', skipped: true };
  return recordAnyPromotion(context, operation, signal);
};

const openGate: RunStep = async (context, operation) => {
  await endHandover(context, operation.id);
  if (context.roles.view().gateShutBecause === handoverGateReason) context.roles.openGate();
  return { detail: 'Writes are taken again.' };
};

export const takeBackSteps: StepTable = {
  withdraw,
  resume_database: resumeDatabase,
  record_promotion: recordPromotion,
  open_gate: openGate,
};
