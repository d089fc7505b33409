/** Another member says that it is, or is about to be, main of a term (DESIGN §8, SAFETY §3). */
import type { AnnounceBody } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { followMainRedis } from './follow-main-redis.ts';
import { rememberMainsPromotions } from './mains-promotions.ts';
import { peerById, requireMembership, withPeer } from './membership.ts';
import { enforceFence, meetTerm } from './meet-term.ts';

export async function acceptAnnouncement(
  context: ClusterContext,
  body: AnnounceBody,
  callerNodeId: number | null,
): Promise<{ ok: true; effective_role: 'standalone' | 'main' | 'secondary'; writes_shut: boolean }> {
  const membership = requireMembership(context.nodeFile.get());
  if (callerNodeId !== body.main.node_id) throw new Fault('BAD_TOKEN', 'A server may announce only itself.');
  if (body.term < membership.term) {
    throw new Fault(
      'STALE_TERM',
      `Term ${String(body.term)} is over; this server has seen term ${String(membership.term)}.`,
    );
  }
  if (body.promotion_id !== null) {
    const { node_id: nodeId } = body.main;
    const { term, promotions, timeline, forks } = body;
    rememberMainsPromotions(context, { nodeId, term, promotions, timeline, forks, askedMs: null });
  }
  await meetTerm(context, {
    term: body.term,
    mainNodeId: body.main.node_id,
    saidBy: `"${body.main.display_name}"`,
    speakerIsMain: body.promotion_id !== null,
  });
  // A heartbeat may have brought the term a moment earlier: the answer waits for the fence that it began.
  await enforceFence(context);
  await context.nodeFile.update((file) => {
    if (file.membership?.main_node_id !== body.main.node_id) return file;
    const known = peerById(file.membership, body.main.node_id);
    const peer = { ...body.main, ...(known?.seen_address === undefined ? {} : { seen_address: known.seen_address }) };
    return { ...file, membership: { ...file.membership, peers: withPeer(file.membership.peers, peer) } };
  });
  if (body.promotion_id !== null) {
    await followMainRedis(context).catch((error: unknown) => {
      // The loop tries again each tick; a main's Redis that restarted empty is refused there as well (SAFETY §2).
      context.memory.standingFaults.set('redis_follow', `Redis does not follow the new main yet: ${messageOf(error)}`);
    });
  }
  const view = context.roles.view();
  const writesShut = !view.writesAllowed && context.database.view().state !== 'writable';
  return { ok: true, effective_role: view.effective, writes_shut: writesShut };
}
