/** A main that came back read-only asks every other member: am I still main (SAFETY §3 "Terms")? */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, requireMembership, targetOf } from './membership.ts';
import { ownPromotions, readPromotionRows } from './own-promotions.ts';
import { bootMs, hear, missAnswer, soundsOf } from './sounds.ts';

const timeoutMs = 3_000;

export interface Confirmation {
  readonly asked: number;
  /** Names of those who said yes. */
  readonly confirmed: readonly string[];
  /** Why one of them said no; null when nobody did. */
  readonly denied: string | null;
}

/** The answers also stand in memory.sounds, for the next decision. A member that does not answer says neither. */
export async function askConfirmation(context: ClusterContext): Promise<Confirmation> {
  const membership = requireMembership(context.nodeFile.get());
  // A list with a gap would read like a promotion without this server's knowledge.
  await readPromotionRows(context);
  const promotionIds = ownPromotions(context).map((promotion) => promotion.promotion_id);
  const body = { node_id: membership.node_id, term: membership.term, promotion_ids: promotionIds };
  const confirmed: string[] = [];
  let denied: string | null = null;
  const peers = otherPeers(membership);
  await Promise.all(
    peers.map(async (peer) => {
      const askedMs = bootMs(context);
      const sounds = soundsOf(context, peer.node_id);
      try {
        const { body: reply } = await context.peers.call('confirmMain', targetOf(membership, peer), body, {
          timeoutMs,
        });
        hear(context, peer.node_id);
        sounds.confirmsMain = reply.still_main;
        sounds.confirmAskedMs = askedMs;
        if (reply.still_main) confirmed.push(`"${peer.display_name}"`);
        else denied = `"${peer.display_name}" says: ${reply.reason}`;
      } catch (error) {
        missAnswer(context, peer.node_id, askedMs);
        sounds.confirmsMain = null;
        context.log.info({ node_id: peer.node_id, reason: messageOf(error) }, 'did not say whether this is still main');
      }
    }),
  );
  return { asked: peers.length, confirmed, denied };
}
