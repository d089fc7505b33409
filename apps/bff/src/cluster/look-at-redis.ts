/** Looks at Redis and raises an event when its data are gone: nobody may follow a main's Redis that restarted empty (SAFETY §2). */
import type { ClusterContext } from './cluster-context.ts';
import { recordEvent } from './record-event.ts';

export async function lookAtRedis(context: ClusterContext): Promise<void> {
  const before = context.redis.view().alert;
  const { alert } = await context.redis.look();
  if (alert === null || alert === before) return;
  const { membership } = context.nodeFile.get();
  await recordEvent(context, {
    type: 'redis_alert',
    message: alert,
    actor: 'system',
    severity: 'critical',
    nodeId: membership?.node_id ?? null,
  });
}
