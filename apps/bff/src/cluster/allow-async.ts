/** Without an arbiter nobody but an admin lets writes go on past a lost synchronous standby (SAFETY §4). */
import type { Reason } from '@proxpanel/contracts/primitives';
import { Fault } from '../fault.ts';
import { askPromises } from './ask-promises.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, otherPeers, requireMembership } from './membership.ts';
import { senderOf } from './observe-replication.ts';
import { recordEvent } from './record-event.ts';
import { bootMs, soundsOf } from './sounds.ts';

/** The longest that a secondary promises. */
const promiseMs = 300_000;

/** Why it is not needed or not possible now; the same sentences disable the button. */
export function judgeAllowAsync(context: ClusterContext): Reason[] {
  const { membership } = context.nodeFile.get();
  const { positions, synchronous } = context.memory;
  if (membership === null || configuredRole(membership) !== 'main') {
    return [{ code: 'not_main', sentence: 'This is done on the main server.' }];
  }
  if (membership.settings.durability !== 'sync' || synchronous?.nodeIds.length === 0) {
    return [{ code: 'not_waiting', sentence: 'Commits wait for no standby.' }];
  }
  if (context.arbiter.configured) {
    const sentence = 'With an arbiter main goes on by itself, as soon as the arbiter has recorded it.';
    return [{ code: 'has_arbiter', sentence }];
  }
  if (synchronous === null) {
    return [{ code: 'database_not_writable', sentence: context.database.view().sentence }];
  }
  const streams = synchronous.nodeIds.some(
    (id) => positions !== null && senderOf(positions, id)?.state === 'streaming',
  );
  if (!streams) return [];
  return [{ code: 'standby_streams', sentence: 'A synchronous standby streams: commits are acknowledged.' }];
}

/**
 * First every secondary is asked to promise that it will not be promoted; where one does not answer, the event says that
 * acknowledged writes may be lost. Then commits wait no more, until a standby has caught up.
 *
 * @throws Fault BLOCKED with the reasons; CONFIRMATION_NEEDED without the typed name of this server.
 */
export async function allowAsync(context: ClusterContext, confirm: string, actor: string): Promise<void> {
  await context.lock.run('letting writes go on', async () => {
    const membership = requireMembership(context.nodeFile.get());
    const reasons = judgeAllowAsync(context);
    const [first] = reasons;
    if (first !== undefined) throw new Fault('BLOCKED', first.sentence, { reasons });
    if (confirm !== membership.display_name) {
      const sentence = `Type the name of this server, "${membership.display_name}": what it acknowledges from now on may be lost with it.`;
      throw new Fault('CONFIRMATION_NEEDED', sentence, { field: 'confirm' });
    }
    const askedMs = bootMs(context);
    await askPromises(context, promiseMs);
    const silent = otherPeers(membership).filter(
      (peer) => (soundsOf(context, peer.node_id).promiseAskedMs ?? -Infinity) < askedMs,
    );
    const since = new Date(context.clock.nowMs()).toISOString();
    await context.nodeFile.update((file) =>
      file.membership === null
        ? file
        : { ...file, membership: { ...file.membership, durability: { state: 'async', node_ids: [], since } } },
    );
    await context.replication.setSynchronousNodes([]);
    context.memory.synchronous = await context.replication.synchronousState();
    context.memory.stalledSinceMs = null;
    const names = silent.map((peer) => `"${peer.display_name}"`).join(', ');
    const fate =
      silent.length === 0
        ? 'Every secondary promised to wait 5 minutes before it could be promoted.'
        : `${names} did not promise to wait: what is acknowledged from now on is lost if it is promoted.`;
    await recordEvent(context, {
      type: 'durability_degraded',
      actor,
      severity: 'critical',
      nodeId: membership.node_id,
      message: `${actor} let writes go on without a synchronous standby. ${fate}`,
      details: { not_promised: silent.map((peer) => peer.node_id) },
    });
  });
}
