/** Settings that a main needs, kept on every member: a secondary needs them before it becomes main (DESIGN §6.1). */
import type { ClusterContext } from './cluster-context.ts';
import { policyOf } from './observe-for-decision.ts';

/** Without an arbiter; with one half a lease, or a dead host would look alive for longer than the lease (SAFETY §4). */
const withoutArbiterMs = 10_000;

/** An arbiter may have come, or its lease changed, since main was configured. Writes nothing when all is as it should be. */
export async function keepWalTimeouts(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  const { state } = context.database.view();
  if (membership?.is_active !== true || (state !== 'recovery' && state !== 'writable')) return;
  const { leaseTtlMs } = policyOf(context, membership);
  const walTimeoutMs = context.arbiter.configured ? Math.floor(leaseTtlMs / 2) : withoutArbiterMs;
  await context.replication.applyMainSettings({ walTimeoutMs });
}
