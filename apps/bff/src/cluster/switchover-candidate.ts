/** The candidate's half of a planned change of main: it holds all, asks for the grant, and is promoted within it (SAFETY §3). */
import type { Operation } from '@proxpanel/contracts/operations';
import { formatLsn, parseLsn } from '@proxpanel/failover/lsn';
import { GRANT_VALID_MS, PLANS } from '@proxpanel/failover/plans';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { giveUpCandidacy } from './give-up-candidacy.ts';
import { beginHandover, changeHandover, goodForMs, instantIn, liveHandover, requireHandover } from './handover.ts';
import { mainPeer, requireMembership, targetOf } from './membership.ts';
import { observeReplication } from './observe-replication.ts';
import { prepareForPromotion } from './prepare-for-promotion.ts';
import { promoteWithinGrant } from './promote-within-grant.ts';
import { promotionSteps } from './promotion-steps.ts';
import type { PlanRun } from './run-plan.ts';
import type { RunStep } from './step-result.ts';

const replayPollMs = 10;
const grantTimeoutMs = 1_500;
/** With less left than this the deadline is put anew before main is asked. */
const askAnewMs = 8_000;

/** What main said when it was shut. */
export interface TakeOver {
  /** null: main's database is dead, and what was received is all that there is. */
  readonly lastLsn: string | null;
  readonly lastIsCheckpoint: boolean;
}

export function candidateRun(takeOver: TakeOver): PlanRun {
  return {
    plan: PLANS.switchover_candidate,
    steps: {
      ...promotionSteps,
      prepare_candidate: prepareCandidate,
      reach_end: reachEnd(takeOver),
      ask_grant: askGrant(takeOver),
      promote_database: promoteWithinGrant,
    },
    outcome: (context) => `"${requireMembership(context.nodeFile.get()).display_name}" is the main server.`,
    onFailed: giveUpCandidacy,
  };
}

const prepareCandidate: RunStep = async (context, operation) => {
  if (liveHandover(context).preparedId !== operation.id) {
    await prepareForPromotion(context, operation.id);
    return { detail: 'Slots are ready; readers were ended.' };
  }
  // Readers were ended while main still took writes; whoever has come since holds up no replay, whose delay is 0 (SAFETY §3).
  return { detail: 'All was ready before main was shut.', skipped: true };
};

const reachEnd =
  ({ lastLsn, lastIsCheckpoint }: TakeOver): RunStep =>
  async (context, _operation, signal) => {
    if (lastLsn === null) {
      const end = await context.replication.endOfWal(signal);
      return { detail: `All that was received is replayed, up to ${formatLsn(end)}.` };
    }
    const last = parseLsn(lastLsn);
    for (;;) {
      const replayed = (await observeReplication(context))?.replayLsn ?? 0n;
      if (lastIsCheckpoint ? replayed > last : replayed >= last)
        return { detail: `Main's last WAL is here: ${lastLsn}.` };
      if (signal.aborted) {
        throw new Fault('BLOCKED', `Main's WAL ends at ${lastLsn}, and ${formatLsn(replayed)} was reached in time.`);
      }
      await delay(replayPollMs);
    }
  };

/**
 * That it asks is on disk since its operation began: a restart in the middle must not forget that a grant may be on its
 * way. The answer comes to the disk with the next step, the term or lease; before that a restart discards it.
 */
const askGrant =
  ({ lastLsn }: TakeOver): RunStep =>
  async (context, operation, signal) => {
    const replayed = context.memory.positions?.replayLsn ?? null;
    const received = lastLsn === null || replayed === null ? (lastLsn ?? '0/0') : formatLsn(replayed);
    const { asking } = liveHandover(context);
    if (asking?.operationId === operation.id) await asking.written;
    const asked = requireHandover(context, operation.id);
    // Its own deadline counts from the asking at the latest: after a long replay, from now.
    if (goodForMs(context, asked) < askAnewMs) await askAnew(context, operation.id);
    if (requireHandover(context, operation.id).state !== 'asked') {
      throw new Fault('GRANT_REFUSED', 'Main has taken it back.');
    }
    await askUntilAnswered(context, operation, received, signal);
    liveHandover(context).grantedId = operation.id;
    return { detail: 'Main has granted it.' };
  };

/** "It asks", in node.json; to be written together with the beginning of the operation. */
export async function beginCandidacy(
  context: ClusterContext,
  operationId: string,
  lastLsn: string | null,
): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  await beginHandover(context, {
    operation_id: operationId,
    side: 'candidate',
    candidate_node_id: membership.node_id,
    term: membership.term,
    state: 'asked',
    way: null,
    last_lsn: lastLsn,
    last_is_checkpoint: false,
    own_timeline: context.database.view().timeline,
    good_until: instantIn(context, GRANT_VALID_MS),
  });
}

async function askAnew(context: ClusterContext, operationId: string): Promise<void> {
  await changeHandover(context, operationId, (handover) =>
    handover.state === 'asked' ? { handover: { ...handover, good_until: instantIn(context, GRANT_VALID_MS) } } : null,
  );
}

/** A lost reply may have been a yes: asked again, main says it again, and this server's deadline stays the first one's. */
async function askUntilAnswered(
  context: ClusterContext,
  operation: Operation,
  received: string,
  signal: AbortSignal,
): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const main = mainPeer(membership);
  if (main === null) throw new Fault('NOT_MAIN', 'This server knows no main.');
  const { term } = requireHandover(context, operation.id);
  const body = { operation_id: operation.id, term, candidate_node_id: membership.node_id, received_lsn: received };
  for (;;) {
    try {
      const options = { timeoutMs: grantTimeoutMs, signal };
      const { body: reply } = await context.peers.call('grant', targetOf(membership, main), body, options);
      if (reply.granted) return;
      throw new Fault('GRANT_REFUSED', `Main refuses: ${reply.reason ?? 'it does not say why.'}`);
    } catch (error) {
      const isLost = error instanceof Fault && ['MAIN_UNREACHABLE', 'MAIN_TIMEOUT', 'BAD_REPLY'].includes(error.code);
      if (!isLost || signal.aborted) throw error;
      context.log.warn({ operation_id: operation.id, reason: messageOf(error) }, 'the grant is asked for again');
      await delay(replayPollMs);
    }
  }
}
