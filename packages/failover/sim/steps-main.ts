/** Main's side of a planned change, and of giving its role away because its database is dead (SAFETY §3 "Grant"). */
import { absenceWaitMs } from '../src/failover-blockers.ts';
import { fenceDatabase, isWritable, promoteDatabase, stateOf } from './database.ts';
import { fenceDelayMs, keepGuard } from './guard.ts';
import { forgetLease, takeLeaseNow } from './hold-lease.ts';
import { call } from './network.ts';
import type { Settle, Step } from './step.ts';
import { answerDiscard, type DiscardReply } from './peer-calls.ts';
import { observe } from './observe.ts';
import { poll } from './poll.ts';
import { bootMs, inProcess } from './schedule-event.ts';
import { acceptTakeOver } from './steps-candidate.ts';
import { leaveUntilMs, promotionTookMs, writeRows } from './promote.ts';
import type { SimNode, SimOperation, World } from './world-types.ts';

const shutGate: Step = (_world, node, operation, settle) => {
  node.process.gateOpen = false;
  const { id, candidateId } = operation;
  if (node.file.handover?.operationId !== id || candidateId === 0) {
    node.file.handover = { operationId: id, side: 'main', state: 'shutting', goodUntilMs: null, boot: node.boot };
  }
  settle('done');
};

const shutDatabase: Step = (world, node, operation, settle) => {
  const { database } = node;
  if (isWritable(database)) fenceDatabase(world, node, fenceDelayMs(world));
  poll(world, node, operation, () => {
    if (stateOf(database) !== 'recovery') return false;
    operation.lastLsn = database.endLsn;
    settle('done');
    return true;
  });
};

const handOver: Step = (world, node, operation, settle) => {
  const { id, candidateId, lastLsn } = operation;
  const message = { operationId: id, mainId: node.id, term: node.file.term, lastLsn };
  call(
    world,
    node,
    candidateId,
    (target) => acceptTakeOver(world, target, message),
    (accepted) => {
      // The reply may have been lost, and the grant asked for and given meanwhile: then it is past the point of no return.
      if (node.file.handover?.state === 'granted') settle('granted');
      else settle(accepted === true ? 'done' : 'failed');
    },
  );
};

const awaitGrant: Step = (world, node, operation, settle) => {
  poll(world, node, operation, () => {
    if (node.file.handover?.state !== 'granted') return false;
    settle('granted');
    return true;
  });
};

/** Someone of a higher term is main: then the grant was used, or has long been overtaken. */
function newMainIsKnown({ file, process }: SimNode): boolean {
  if (file.role !== 'main') return true;
  for (const { status } of process.peers.values()) {
    if (status !== null && status.role === 'main' && status.term > file.term) return true;
  }
  return false;
}

const awaitNewMain: Step = (world, node, operation, settle) => {
  const { file } = node;
  let asking = false;
  poll(world, node, operation, () => {
    if (newMainIsKnown(node)) {
      forgetLease(node);
      settle('done');
      return true;
    }
    const { handover } = file;
    // A grant of an earlier boot of this machine has run out as well: its instants mean nothing now.
    const waitsUntilMs = handover?.boot === node.boot ? (handover.goodUntilMs ?? 0) : 0;
    if (asking || bootMs(world, node) < waitsUntilMs) return false;
    asking = true;
    askToDiscard(world, node, operation, settle, () => {
      asking = false;
    });
    return false;
  });
};

function askToDiscard(world: World, node: SimNode, operation: SimOperation, settle: Settle, again: () => void): void {
  call(
    world,
    node,
    operation.candidateId,
    (target) => answerDiscard(world, target, operation.id),
    (reply) => {
      // Meanwhile somebody else may have become main, and this server a secondary: then it has nothing to take back.
      if (node.file.role !== 'main' || node.file.operation !== operation) return;
      takeRoleBack(world, node, operation, reply, (isBack) => {
        if (isBack) settle('taken_back');
        else inProcess(world, node, 500, again);
      });
    },
  );
}

/**
 * May main take writes again? On the candidate's word that it will not; with an arbiter only by a lease that nobody else
 * can have used: its own, taken anew so that a late transaction of the candidate finds another holder, or the candidate's
 * once that has said "discarded". Never one that the candidate holds and is silent about: it may be main by it.
 */
function takeRoleBack(
  world: World,
  node: SimNode,
  operation: SimOperation,
  reply: DiscardReply | null,
  done: (isBack: boolean) => void,
): void {
  const discarded = reply?.kind === 'discarded' ? reply : null;
  if (reply?.kind === 'promoted') {
    done(false);
    return;
  }
  // The candidate may have used its term up without being promoted: what is taken now is above it.
  if (discarded !== null) node.file.term = Math.max(node.file.term, discarded.term);
  if (world.arbiter === null) {
    done(discarded !== null);
    return;
  }
  const view = node.process.arbiter.view;
  if (view === null || node.process.arbiter.silent) {
    done(false);
    return;
  }
  if (view.term === null) {
    // The arbiter forgot: whether this server is still main is for its decision to find out, from the start.
    done(discarded !== null);
    return;
  }
  const holder = view.main;
  const { nowMs, arbiter } = observe(world, node);
  // What is absent because the arbiter forgot may still be held by somebody's belief: one TTL is waited for that.
  const isUnsure = arbiter !== null && absenceWaitMs(nowMs, arbiter, node.process.memory, world.policy) > 0;
  if (holder === null && isUnsure) {
    done(false);
    return;
  }
  const own = holder?.nodeId === node.id || (holder === null && view.term <= node.file.term);
  const given =
    discarded !== null && view.term === discarded.term && (holder === null || holder.nodeId === operation.candidateId);
  if (!own && !given) {
    done(false);
    return;
  }
  const takeOverFrom = holder === null ? null : { nodeId: holder.nodeId, term: holder.term };
  takeLeaseNow(world, node, { takeOverFrom, decidedOn: view }, done);
}

const followNewMain: Step = (_world, _node, _operation, settle) => settle('done');

const withdraw: Step = (_world, node, operation, settle) => {
  const { handover } = node.file;
  // From here on a grant that is asked for is refused.
  if (handover?.operationId === operation.id) node.file.handover = { ...handover, state: 'rolled_back' };
  settle('done');
};

/** Back to writes: with an arbiter only under a lease that lives. */
const resumeDatabase: Step = (world, node, operation, settle) => {
  const { database } = node;
  poll(world, node, operation, () => {
    if (isWritable(database)) {
      settle('done');
      return true;
    }
    if (node.file.role !== 'main') {
      settle('failed');
      return true;
    }
    if (stateOf(database) !== 'recovery' || database.promoting) return false;
    const leaveMs = leaveUntilMs(world, node);
    if (leaveMs !== null && bootMs(world, node) >= leaveMs) {
      // Nothing is promoted without leave: what was begun ends here, and the decision takes it up from the start.
      settle('done');
      return true;
    }
    if (leaveMs !== null) keepGuard(world, node, leaveMs);
    promoteDatabase(world, node, promotionTookMs(world));
    return false;
  });
};

const openGate: Step = (_world, node, _operation, settle) => {
  if (isWritable(node.database)) {
    writeRows(node);
    node.process.gateOpen = true;
  }
  settle('done');
};

export const MAIN_STEPS = {
  shut_gate: shutGate,
  shut_database: shutDatabase,
  hand_over: handOver,
  await_grant: awaitGrant,
  await_new_main: awaitNewMain,
  follow_new_main: followNewMain,
  withdraw,
  resume_database: resumeDatabase,
  open_gate: openGate,
} as const satisfies Record<string, Step>;
