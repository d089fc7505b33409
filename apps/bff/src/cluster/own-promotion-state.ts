/** Whether this secondary is about to be, or has been, promoted: then it gives main no word. */
import type { ClusterContext } from './cluster-context.ts';

const promotions: readonly string[] = ['emergency_promotion', 'automatic_failover', 'switchover'];

export function isPromoting({ memory: { operation } }: Pick<ClusterContext, 'memory'>): boolean {
  return operation?.state === 'running' && promotions.includes(operation.kind);
}

/** A copy of main's database that takes writes. A server that was not cloned yet has its own, which says nothing. */
export function isPromotedOutside({ database, nodeFile }: Pick<ClusterContext, 'database' | 'nodeFile'>): boolean {
  const { join_script: script } = nodeFile.get();
  return database.view().state === 'writable' && (script === null || script.finished);
}
