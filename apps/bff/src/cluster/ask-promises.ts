/** Main without its arbiter asks every listed secondary to promise that it will not be promoted (SAFETY §3 "Arbiter away"). */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, requireMembership, targetOf } from './membership.ts';
import { bootMs, hear, missAnswer, soundsOf } from './sounds.ts';

/** What each said stands in memory.sounds; one that does not promise leaves what it promised before to run out. */
export async function askPromises(context: ClusterContext, durationMs: number): Promise<void> {
  const membership = requireMembership(context.nodeFile.get());
  const body = { node_id: membership.node_id, term: membership.term, duration_ms: durationMs };
  // Below the pause between two askings, or one hanging secondary would hold up the others' next promise.
  const timeoutMs = Math.max(300, Math.floor(durationMs / 5));
  await Promise.all(
    otherPeers(membership).map(async (peer) => {
      const askedMs = bootMs(context);
      try {
        const { body: reply } = await context.peers.call('promise', targetOf(membership, peer), body, { timeoutMs });
        hear(context, peer.node_id);
        if (!reply.promised) {
          context.log.warn({ node_id: peer.node_id, reason: reply.reason }, 'does not promise');
          return;
        }
        const sounds = soundsOf(context, peer.node_id);
        sounds.promiseAskedMs = askedMs;
        sounds.promisedForMs = durationMs;
      } catch (error) {
        missAnswer(context, peer.node_id, askedMs);
        context.log.info({ node_id: peer.node_id, reason: messageOf(error) }, 'was not asked for its promise');
      }
    }),
  );
}
