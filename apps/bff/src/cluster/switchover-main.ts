/** Main's half of a planned change (SAFETY §1 "stop" and "demote", §3 "Grant"; DESIGN §8): shut first, then granted. */
import type { Operation } from '@proxpanel/contracts/operations';
import { formatLsn } from '@proxpanel/failover/lsn';
import { PLANS } from '@proxpanel/failover/plans';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import { askToPrepare, candidatePeer } from './ask-candidate.ts';
import { awaitNewMain } from './await-new-main.ts';
import type { ClusterContext } from './cluster-context.ts';
import { followNewMain } from './follow-new-main.ts';
import {
  beginHandover,
  changeHandover,
  handoverGateReason,
  handoverNews,
  liveHandover,
  requireHandover,
} from './handover.ts';
import { requireMembership } from './membership.ts';
import type { Handover } from './node-file.ts';
import { recordEvent } from './record-event.ts';
import { bootMs } from './sounds.ts';
import type { PlanRun } from './run-plan.ts';
import type { RunStep, StepResult } from './step-result.ts';
import { takeBackSteps } from './take-back-steps.ts';

const callTimeoutMs = 2_000;
const checkTimeoutMs = 10_000;
const pauseMs = 50;
const lostReplies: readonly string[] = ['MAIN_UNREACHABLE', 'MAIN_UNRESOLVABLE', 'MAIN_TIMEOUT', 'BAD_REPLY'];
const pollMs = 1_000;

export interface SwitchoverPlan {
  readonly candidateNodeId: number;
  readonly way: NonNullable<Handover['way']>;
}

export function switchoverRun(plan: SwitchoverPlan): PlanRun {
  return {
    plan: PLANS.switchover_main,
    steps: {
      ...takeBackSteps,
      check: check(plan),
      shut_gate: shutGate(plan),
      shut_database: shutDatabase,
      hand_over: handOverStep,
      await_grant: awaitGrant,
      await_new_main: awaitNewMain,
      follow_new_main: followNewMain,
    },
    outcome: (context) => `"${candidateName(context, plan)}" is the main server, and this one follows it.`,
    onFailed: tellFailure,
  };
}

function candidateName(context: ClusterContext, { candidateNodeId }: SwitchoverPlan): string {
  return candidatePeer(context, candidateNodeId).display_name;
}

export async function tellFailure(
  context: ClusterContext,
  operation: Operation,
  { step, reason, rolledBack }: { readonly step: string; readonly reason: string; readonly rolledBack: boolean },
): Promise<void> {
  const what = rolledBack
    ? 'was taken back, and this server is main as before'
    : 'was given up before anything was shut';
  await recordEvent(context, {
    type: 'switchover_failed',
    message: `The change of main ${what}. It failed at ${step}: ${reason}`,
    actor: operation.actor,
    severity: 'warning',
    details: { operation_id: operation.id, step },
  });
}

/** The candidate gets ready and the dirty pages of minutes are written while writes go on: the gap has none of it. */
const check =
  ({ candidateNodeId }: SwitchoverPlan): RunStep =>
  async (context, operation, signal) => {
    const order = { stage: 'check', kind: 'switchover', last_lsn: null, last_is_checkpoint: false } as const;
    const options = { timeoutMs: checkTimeoutMs, signal };
    const [reasons] = await Promise.all([
      askToPrepare(context, operation, candidateNodeId, order, options),
      context.replication.checkpoint(),
    ]);
    signal.throwIfAborted();
    if (reasons.length > 0) throw new Fault('BLOCKED', reasons.join(' '));
    return { detail: `"${candidatePeer(context, candidateNodeId).display_name}" is ready.` };
  };

export const shutGate =
  ({ candidateNodeId, way }: SwitchoverPlan): RunStep =>
  async (context, operation) => {
    const { term } = requireMembership(context.nodeFile.get());
    // A stop is the last thing that is done to a writable PostgreSQL: what makes its next start read-only comes before it.
    if (way === 'stop') await context.replication.keepStandbySignal(true);
    // Before anything is shut: a restarted panel must know why its database is not writable.
    await beginHandover(context, {
      operation_id: operation.id,
      side: 'main',
      candidate_node_id: candidateNodeId,
      term,
      state: 'shutting',
      way,
      last_lsn: null,
      last_is_checkpoint: false,
      own_timeline: context.database.view().timeline,
      good_until: null,
    });
    liveHandover(context).shut = { operationId: operation.id, atMs: bootMs(context) };
    context.roles.shutGate(handoverGateReason);
    return { detail: 'The panel takes no writes.' };
  };

const shutDatabase: RunStep = async (context, operation, signal) => {
  const { way } = requireHandover(context, operation.id);
  const shut = way === 'stop' ? await stop(context, signal) : await demote(context, signal);
  const lastLsn = formatLsn(shut.lsn);
  liveHandover(context).end = { operationId: operation.id, lastLsn, isCheckpoint: shut.isCheckpoint };
  return { detail: `${shut.sentence} Its WAL ends at ${lastLsn}.` };
};

interface Shut {
  readonly lsn: bigint;
  readonly isCheckpoint: boolean;
  readonly sentence: string;
}

/** A fast stop ends all clients, cancels none, and writes its checkpoint when nobody is left who could write (SAFETY §1). */
async function stop(context: ClusterContext, signal: AbortSignal): Promise<Shut> {
  const { postgresControl: control, replication } = context;
  // Supervised, PostgreSQL is asked to stop by a connection, and is up again at once.
  const speakAgain = control.kind === 'supervised' ? null : await context.database.hush();
  try {
    await control.stop(signal);
  } finally {
    speakAgain?.();
  }
  const sentence = 'PostgreSQL has stopped.';
  // Somebody else starts it again at once, as a standby: then it says by itself where its WAL ends.
  if (control.kind === 'supervised') return { lsn: await replication.endOfWal(signal), isCheckpoint: false, sentence };
  return { lsn: await control.latestCheckpoint(signal), isCheckpoint: true, sentence };
}

async function demote({ replication }: ClusterContext, signal: AbortSignal): Promise<Shut> {
  await replication.demote(signal);
  return { lsn: await replication.endOfWal(signal), isCheckpoint: false, sentence: 'PostgreSQL is in recovery.' };
}

export const handOverStep: RunStep = async (context, operation, signal) => {
  const handover = requireHandover(context, operation.id);
  const isDead = handover.way === 'dead';
  const { end } = liveHandover(context);
  const known = end?.operationId === operation.id ? end : null;
  // Whoever still lived could write; an answer that it takes writes refuses the grant.
  const looked = context.database.look();
  const order = {
    stage: 'take_over',
    kind: isDead ? 'automatic_failover' : 'switchover',
    last_lsn: known?.lastLsn ?? null,
    last_is_checkpoint: known?.isCheckpoint ?? false,
  } as const;
  // A dead main's end is what was received; of any other it is known, or nothing is handed over.
  if (known === null && !isDead) throw new Fault('BLOCKED', 'Where this server’s WAL ends is not known any more.');
  for (;;) {
    try {
      const options = { timeoutMs: callTimeoutMs, signal };
      const reasons = await askToPrepare(context, operation, handover.candidate_node_id, order, options);
      await looked;
      if (reasons.length > 0) throw new Fault('BLOCKED', reasons.join(' '));
      return { detail: 'The candidate has begun.' };
    } catch (error) {
      // A lost reply: it may have begun, and is asked again. A refusal, or the end of the time, ends it.
      const isLost = error instanceof Fault && lostReplies.includes(error.code) && !signal.aborted;
      if (isLost) await delay(pauseMs);
      else return withdrawUnlessGranted(context, operation, messageOf(error));
    }
  }
};

export const awaitGrant: RunStep = async (context, operation, signal) => {
  for (;;) {
    if (requireHandover(context, operation.id).state === 'granted') return grantedResult;
    const givenUp = liveHandover(context).givenUp.get(operation.id);
    if (givenUp !== undefined) return withdrawUnlessGranted(context, operation, givenUp);
    if (signal.aborted) {
      return withdrawUnlessGranted(context, operation, 'The candidate did not ask for the grant in time.');
    }
    await handoverNews(context, pollMs, signal);
  }
};

const grantedResult: StepResult = { detail: 'Granted: from here on the change is carried through.', granted: true };

/** The one place where "too late" and "granted" meet: node.json decides which of the two came first. */
async function withdrawUnlessGranted(
  context: ClusterContext,
  operation: Operation,
  reason: string,
): Promise<StepResult> {
  const after = await changeHandover(context, operation.id, (handover) =>
    handover.state === 'shutting' ? { handover: { ...handover, state: 'rolled_back' } } : null,
  );
  if (after?.state === 'granted') return grantedResult;
  throw new Fault('BLOCKED', reason);
}
