/** A signed health GET to every other member, in both directions: terms and last seen come from here too (DESIGN §2). */
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { otherPeers, targetOf } from './membership.ts';
import { rememberMainsPromotions } from './mains-promotions.ts';
import { meetTerm } from './meet-term.ts';
import { parseLsn } from '@proxpanel/failover/lsn';
import type { Membership } from './node-file.ts';
import { bootMs, hear, missAnswer, soundsOf } from './sounds.ts';
import { takeNotes } from './spread-notes.ts';
import { noteFollower } from './watch-followers.ts';
import type { Peer } from '@proxpanel/contracts/peer';

const probeTimeoutMs = 3_000;

export async function probePeers(context: ClusterContext, signal: AbortSignal): Promise<void> {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true) return;
  const { previous_secret: previous } = membership;
  await Promise.all(
    otherPeers(membership).map((peer) => {
      // A member that has not fetched a rotated secret is asked by the one that it knows: its term must be heard.
      const waits = previous?.waiting_node_ids.includes(peer.node_id) === true;
      const known = waits ? { ...membership, secret: previous.secret } : membership;
      return probePeer(context, known, peer, signal);
    }),
  );
}

/** Resolves with whether the peer answered. What it said is kept in memory.probes. */
export async function probePeer(
  context: ClusterContext,
  membership: Membership,
  peer: Peer,
  signal: AbortSignal,
): Promise<boolean> {
  const before = context.memory.probes.get(peer.node_id);
  const askedMs = bootMs(context);
  try {
    const options = { timeoutMs: probeTimeoutMs, signal };
    const { body, roundTripMs } = await context.peers.call(
      'peerStatus',
      targetOf(membership, peer),
      undefined,
      options,
    );
    const atMs = context.clock.nowMs();
    hear(context, peer.node_id);
    soundsOf(context, peer.node_id).receivedAskedMs = askedMs;
    context.memory.probes.set(peer.node_id, {
      lastGoodAtMs: atMs,
      lastFailedAtMs: null,
      lastFailure: null,
      reply: body,
      clockAheadMs: Date.parse(body.at) - (atMs - roundTripMs / 2),
    });
    if (body.role === 'main' && body.promotions_whole) {
      const { node_id: nodeId, term, promotions, timeline, forks } = body;
      rememberMainsPromotions(context, { nodeId, term, promotions, timeline, forks, askedMs });
    }
    if (peer.node_id === membership.main_node_id && body.write_lsn !== null) {
      context.memory.mainWriteLsn = { lsn: parseLsn(body.write_lsn), atMs };
    }
    await meetTerm(context, {
      term: body.term,
      mainNodeId: body.main_node_id,
      saidBy: `"${peer.display_name}"`,
      speakerIsMain: body.main_node_id === peer.node_id,
    });
    await takeNotes(context, body);
    await noteFollower(context, peer.node_id, body);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    missAnswer(context, peer.node_id, askedMs);
    context.memory.probes.set(peer.node_id, {
      lastGoodAtMs: before?.lastGoodAtMs ?? null,
      lastFailedAtMs: context.clock.nowMs(),
      lastFailure: messageOf(error),
      reply: before?.reply ?? null,
    });
    return false;
  }
}
