import type { PlanKind } from '../src/plans.ts';
import { inProcess, note } from './schedule-event.ts';
import type { SimNode, SimOperation, World } from './world-types.ts';

/** One at a time on each server; null: another one runs, or the server was removed. */
export function beginOperation(
  world: World,
  node: SimNode,
  begun: { readonly kind: PlanKind; readonly mainId: number; readonly candidateId: number; readonly id?: number },
): SimOperation | null {
  if (node.file.operation !== null || node.file.removed) return null;
  if (begun.id === undefined) world.operationCount += 1;
  const operation: SimOperation = {
    id: begun.id ?? world.operationCount,
    kind: begun.kind,
    phases: [],
    granted: false,
    takingBack: false,
    mainId: begun.mainId,
    candidateId: begun.candidateId,
    term: node.file.term,
    lastLsn: null,
    decidedOn: node.process.arbiter.view,
    promotedUid: null,
  };
  node.file.operation = operation;
  note(world, node, `begins ${operation.kind}`);
  inProcess(world, node, 1, () => world.hooks.operationBegun(world, node));
  return operation;
}
