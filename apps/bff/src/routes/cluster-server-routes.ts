/** What servers say to each other: signed requests, signed replies (DESIGN §5, SAFETY §5). */
import { acceptAnnouncement } from '../cluster/accept-announcement.ts';
import { acceptHeartbeat } from '../cluster/accept-heartbeat.ts';
import { acceptJoin } from '../cluster/accept-join.ts';
import { answerPeerStatus } from '../cluster/answer-peer-status.ts';
import { answerPreflight } from '../cluster/answer-preflight.ts';
import { answerUpload } from '../cluster/answer-upload.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { acceptFarewell } from '../cluster/remove-node.ts';
import type { StatusCache } from '../cluster/status-cache.ts';
import type { Register } from '../http/call.ts';

export function registerClusterServerRoutes(register: Register, context: ClusterContext, status: StatusCache): void {
  register('preflight', () => answerPreflight(context));
  register('join', ({ body, peer, remoteAddress }) =>
    status.after(() => acceptJoin(context, body, peer, remoteAddress)),
  );
  register('heartbeat', ({ body, peer, remoteAddress }) => acceptHeartbeat(context, body, peer, remoteAddress));
  register('farewell', async ({ body, peer }) => {
    await status.after(() => acceptFarewell(context, body.node_id, peer.nodeId));
    return { ok: true as const };
  });
  register('announce', ({ body, peer }) => status.after(() => acceptAnnouncement(context, body, peer.nodeId)));
  register('peerStatus', () => Promise.resolve(answerPeerStatus(context)));
  register('uploadManifest', async () => {
    const uploads = await context.uploads.list();
    return { uploads: uploads === null ? null : [...uploads] };
  });
  register('upload', ({ params, query }) => answerUpload(context, params.sha256, query.offset));
}
