/** The candidate's side: taking over from a main that is shut. */
import { GRANT_VALID_MS } from '../src/plans.ts';
import { takeLeaseNow } from './hold-lease.ts';
import { call } from './network.ts';
import { beginOperation } from './begin-operation.ts';
import type { Step } from './step.ts';
import { answerGrant } from './peer-calls.ts';
import { poll } from './poll.ts';
import { bootMs, inProcess } from './schedule-event.ts';
import type { SimNode, World } from './world-types.ts';

export function isReadyCandidate({ file, database, version }: SimNode, mainId: number, mainVersion: string): boolean {
  const follows = file.role === 'secondary' && file.mainNodeId === mainId && database.upstream === mainId;
  const isWell = !file.fenced && !file.diverged && !file.removed && file.operation === null;
  return follows && isWell && database.process === 'up' && database.recovery && version === mainVersion;
}

export interface TakeOver {
  readonly operationId: number;
  readonly mainId: number;
  readonly term: number;
  /** null: main's database is dead, and what was received is all that there is. */
  readonly lastLsn: number | null;
}

/** Main is shut. The same message may come twice, and late: an operation that was discarded is not begun again. */
export function acceptTakeOver(world: World, node: SimNode, message: TakeOver): boolean {
  const { file } = node;
  if (file.operation?.id === message.operationId) return true;
  if (message.operationId <= file.discarded || message.term < file.term) return false;
  if (!isReadyCandidate(node, message.mainId, node.version)) return false;
  const { operationId: id, mainId, lastLsn } = message;
  const operation = beginOperation(world, node, { kind: 'switchover_candidate', id, mainId, candidateId: node.id });
  if (operation === null) return false;
  operation.lastLsn = lastLsn;
  return true;
}

const prepareCandidate: Step = (world, node, _operation, settle) => {
  inProcess(world, node, world.config.calm ? 50 : world.random.between(10, 300), () => settle('done'));
};

const reachEnd: Step = (world, node, operation, settle) => {
  poll(world, node, operation, () => {
    if (operation.lastLsn !== null && node.database.endLsn < operation.lastLsn) return false;
    settle('done');
    return true;
  });
};

const askGrant: Step = (world, node, { id, mainId }, settle) => {
  const goodUntilMs = bootMs(world, node) + GRANT_VALID_MS;
  node.file.handover = { operationId: id, side: 'candidate', state: 'asked', goodUntilMs, boot: node.boot };
  call(
    world,
    node,
    mainId,
    (main) => answerGrant(world, main, id, node.id),
    (reply) => {
      const { handover } = node.file;
      if (reply?.granted === true && handover?.operationId === id && handover.state === 'asked') {
        node.file.handover = { ...handover, state: 'granted' };
        settle('granted');
      } else {
        settle('failed');
      }
    },
    3_000,
  );
};

/** From main, which holds it, or from nobody, whose end was seen; without an arbiter there is none to take. */
const takeLeaseStep: Step = (world, node, operation, settle) => {
  if (world.arbiter === null) {
    settle('skipped');
    return;
  }
  const planned = operation.kind === 'switchover_candidate';
  const takeOverFrom = planned ? { nodeId: operation.mainId, term: operation.term } : null;
  const decidedOn = planned ? null : operation.decidedOn;
  takeLeaseNow(world, node, { takeOverFrom, decidedOn }, (taken) => settle(taken ? 'done' : 'failed'));
};

export const CANDIDATE_STEPS = {
  prepare_candidate: prepareCandidate,
  reach_end: reachEnd,
  ask_grant: askGrant,
  take_lease: takeLeaseStep,
} as const satisfies Record<string, Step>;
