/** A planned change of main: what an admin asks for on either server, and what the two servers say to each other about it. */
import { acceptPrepare } from '../cluster/accept-prepare.ts';
import { answerDiscard } from '../cluster/answer-discard.ts';
import { answerGrant } from '../cluster/answer-grant.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { configuredRole, requireMembership } from '../cluster/membership.ts';
import { promoteSecondary } from '../cluster/promote-secondary.ts';
import { rehearseSwitchover } from '../cluster/rehearse-switchover.ts';
import type { StatusCache } from '../cluster/status-cache.ts';
import { switchOver } from '../cluster/switch-over.ts';
import { Fault } from '../fault.ts';
import type { Call, ForwardedCall, Register } from '../http/call.ts';
import type { RawReply } from '../http/raw-reply.ts';

type Forward = (call: ForwardedCall) => Promise<RawReply>;

export function registerSwitchoverRoutes(
  register: Register,
  context: ClusterContext,
  status: StatusCache,
  forward: Forward,
): void {
  register('promote', async (call) => {
    const { body, user } = call;
    if (body.mode === 'switchover' && !isMain(context)) {
      const { node_id: own } = requireMembership(context.nodeFile.get());
      const passed = { ...body, node_id: body.node_id ?? own };
      return forward({
        ...passedOn(call),
        name: 'promote',
        method: 'POST',
        path: '/api/cluster/promote',
        body: passed,
      });
    }
    const promote = body.mode === 'switchover' ? switchOver : promoteSecondary;
    const operation = await status.after(() => promote(context, body, user.username));
    return { operation_id: operation.id };
  });
  register('rehearse', async (call) => {
    if (isMain(context)) return rehearseSwitchover(context, call.user.username);
    requireMembership(context.nodeFile.get());
    return forward({ ...passedOn(call), name: 'rehearse', method: 'POST', path: '/api/cluster/rehearse', body: {} });
  });
  register('operation', async (call) => {
    const operation = await context.operationFiles.read(call.params.id);
    if (operation !== null) return operation;
    // Begun on main a moment ago: this server's own half comes later.
    const mayBeMains = context.roles.view().configured === 'secondary' && !call.wasForwarded;
    if (!mayBeMains) throw new Fault('NOT_FOUND', 'There is no operation with this id on this server.');
    const path = `/api/cluster/operations/${encodeURIComponent(call.params.id)}`;
    return forward({ ...passedOn(call), name: 'operation', method: 'GET', path, body: undefined });
  });
  register('prepare', ({ body, peer }) => status.after(() => acceptPrepare(context, body, peer.nodeId)));
  register('grant', ({ body, peer }) => answerGrant(context, body, peer.nodeId));
  register('discard', ({ body, peer }) => answerDiscard(context, body, peer.nodeId));
}

function isMain(context: ClusterContext): boolean {
  return configuredRole(context.nodeFile.get().membership) === 'main';
}

type Caller = Pick<Call<'promote'>, 'wasForwarded' | 'sessionToken' | 'signal'>;

/** NOT_MAIN for a call that another server has passed on already: it would go to and fro. */
function passedOn(caller: Caller): Pick<ForwardedCall, 'sessionToken' | 'signal'> {
  if (caller.wasForwarded || caller.sessionToken === null) {
    throw new Fault('NOT_MAIN', 'This server is not the main one, and it was asked on behalf of another server.');
  }
  return { sessionToken: caller.sessionToken, signal: caller.signal };
}
