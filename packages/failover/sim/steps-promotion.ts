/** Every promotion: the check before it, pg_promote under a deadline, the first write, the word to the others. */
import { failoverBlockers } from '../src/failover-blockers.ts';
import { fenceDatabase, isWritable, promoteDatabase, stateOf, timelineOf } from './database.ts';
import { recordDurability } from './durability.ts';
import { fenceDelayMs, keepGuard } from './guard.ts';
import { call } from './network.ts';
import { observe } from './observe.ts';
import type { Step } from './step.ts';
import { hear, statusOf } from './peer-calls.ts';
import { readPromotionRows } from './own-promotions.ts';
import { poll } from './poll.ts';
import { bootMs, inProcess, wallMs } from './schedule-event.ts';
import { leaveUntilMs, promotionTookMs, writeRows } from './promote.ts';
import type { Settle } from './step.ts';
import { isReadyCandidate } from './steps-candidate.ts';
import type { SimNode, SimOperation, World } from './world-types.ts';

/** The candidate's answer to "are you able?" (stage `check`). */
function askReadiness(world: World, node: SimNode, operation: SimOperation, settle: Settle): void {
  call(
    world,
    node,
    operation.candidateId,
    (target) => isReadyCandidate(target, node.id, node.version),
    (ready) => settle(ready === true && isWritable(node.database) ? 'done' : 'failed'),
  );
}

const check: Step = (world, node, operation, settle) => {
  if (operation.kind === 'switchover_main') {
    askReadiness(world, node, operation, settle);
    return;
  }
  if (operation.kind === 'emergency_promotion') {
    settle('done');
    return;
  }
  const seen = observe(world, node);
  // Decided again on what is known now; this operation is not in its own way.
  const blockers = failoverBlockers(
    { ...seen, self: { ...seen.self, operation: null } },
    world.config.mutant === 'wait_one_ttl' ? { ...node.process.memory, leaseSeen: true } : node.process.memory,
    world.policy,
  );
  operation.decidedOn = node.process.arbiter.view;
  settle(blockers.length === 0 ? 'done' : 'failed');
};

const confirmMain: Step = (world, node, _operation, settle) => {
  const leaveMs = leaveUntilMs(world, node);
  if (leaveMs !== null) {
    settle(bootMs(world, node) < leaveMs ? 'done' : 'failed');
    return;
  }
  const answers = [...node.process.peers.values()].map(({ confirmsMain }) => confirmsMain);
  const isConfirmed = node.file.peers.length === 0 || (answers.includes(true) && !answers.includes(false));
  settle(isConfirmed && node.file.role === 'main' ? 'done' : 'failed');
};

/** A grant that has run out, a lease that has ended: nothing is promoted any more. */
function mayPromoteUntilMs(world: World, node: SimNode, operation: SimOperation): number {
  const leaveMs = leaveUntilMs(world, node) ?? Infinity;
  if (operation.kind !== 'switchover_candidate') return leaveMs;
  const { handover } = node.file;
  if (handover?.operationId !== operation.id || handover.state !== 'granted' || handover.boot !== node.boot) {
    return -Infinity;
  }
  return Math.min(leaveMs, handover.goodUntilMs ?? -Infinity);
}

const promote: Step = (world, node, operation, settle) => {
  const { database } = node;
  poll(world, node, operation, () => {
    const untilMs = mayPromoteUntilMs(world, node, operation);
    const isLate = bootMs(world, node) >= untilMs;
    if (isWritable(database)) {
      // Returned too late: main may have rolled back by now.
      if (isSuperseded(world, node, operation) || (isLate && world.config.mutant !== 'grant')) {
        fenceDatabase(world, node, fenceDelayMs(world));
        settle('taken_back');
      } else {
        keepPromotion(world, node, operation);
        settle('done');
      }
      return true;
    }
    if (isLate) {
      settle('taken_back');
      return true;
    }
    if (stateOf(database) !== 'recovery') return false;
    if (world.arbiter !== null && untilMs !== Infinity) keepGuard(world, node, untilMs);
    promoteDatabase(world, node, promotionTookMs(world));
    return false;
  });
};

/** A newer main was met while pg_promote ran: what it has made is fenced, and node.json goes on naming the other. */
function isSuperseded({ arbiter }: World, { file }: SimNode, { kind }: SimOperation): boolean {
  if (kind === 'resume_main') return file.role !== 'main';
  return arbiter !== null && kind !== 'emergency_promotion' && file.takenTerm < file.term;
}

/** node.json names this server as main from here on. */
function keepPromotion(world: World, node: SimNode, operation: SimOperation): void {
  const { file } = node;
  const { uid, record } = timelineOf(node.database);
  const isNew = operation.promotedUid !== uid;
  operation.promotedUid = uid;
  if (!file.promotions.includes(record)) file.promotions = [...file.promotions, record];
  if (isNew && world.arbiter === null && operation.kind !== 'resume_main') file.term += 1;
  if (operation.kind === 'automatic_failover')
    file.lastFailover = { wallAtMs: wallMs(world, node), acknowledged: false };
  file.role = 'main';
  file.mainNodeId = node.id;
  file.fenced = false;
}

const recordPromotion: Step = (world, node, operation, settle) => {
  const { database } = node;
  if (!isWritable(database) || (node.file.role !== 'main' && isSuperseded(world, node, operation))) {
    // Fenced again, or down: whoever resumes as main records it then; to wait here would keep the decision away.
    settle('done');
    return;
  }
  if (node.file.role !== 'main') keepPromotion(world, node, operation);
  writeRows(node);
  readPromotionRows(node);
  // Names that stood before, of a main that was never shut, are as the record says.
  if (!database.syncNames.includes(0)) {
    settle('done');
    return;
  }
  recordDurability(world, node, { state: 'async', nodeIds: [] }, (written) => {
    if (written) database.syncNames = [];
    settle(written ? 'done' : 'failed');
  });
};

const quick: Step = (world, node, _operation, settle) => inProcess(world, node, 20, () => settle('done'));

const announce: Step = (world, node, _operation, settle) => {
  if (world.config.mutant !== 'whole_list') readPromotionRows(node);
  for (const id of node.file.peers) {
    const status = statusOf(world, node);
    call(
      world,
      node,
      id,
      (target) => {
        if (!target.file.peers.includes(node.id)) return undefined;
        hear(world, target, status, null);
        return true;
      },
      () => undefined,
    );
  }
  inProcess(world, node, 50, () => settle('done'));
};

export const PROMOTION_STEPS = {
  check,
  fence_main: (_world, _node, _operation, settle) => settle('skipped'),
  confirm_main: confirmMain,
  promote_database: promote,
  record_promotion: recordPromotion,
  checkpoint: quick,
  promote_redis: quick,
  announce,
} as const satisfies Record<string, Step>;
