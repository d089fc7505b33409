/** What an admin says about a change of main, and what servers ask of each other around one (DESIGN §5, SAFETY §3 and §4). */
import { acceptPromise } from '../cluster/accept-promise.ts';
import { acknowledgeFailover } from '../cluster/acknowledge-failover.ts';
import { allowAsync } from '../cluster/allow-async.ts';
import { answerConfirmation } from '../cluster/answer-confirmation.ts';
import { claimMain } from '../cluster/claim-main.ts';
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { demoteMain, endDemotion } from '../cluster/demote-main.ts';
import { acceptHold, endHold, setHold } from '../cluster/set-hold.ts';
import type { StatusCache } from '../cluster/status-cache.ts';
import type { Register } from '../http/call.ts';

const ok = { ok: true } as const;

export function registerChangeOfMainRoutes(register: Register, context: ClusterContext, status: StatusCache): void {
  register('hold', async ({ body, user }) => ({
    hold: await status.after(() => setHold(context, body, user.username)),
  }));
  register('endHold', async ({ user }) => ({ hold: await status.after(() => endHold(context, user.username)) }));
  register('acknowledgeFailover', async ({ user }) => {
    await status.after(() => acknowledgeFailover(context, user.username));
    return ok;
  });
  register('claimMain', async ({ body, user }) => {
    const operation = await status.after(() => claimMain(context, body, user.username));
    return { operation_id: operation.id };
  });
  register('demote', async ({ body, user }) => {
    await status.after(() => demoteMain(context, body, user.username));
    return ok;
  });
  register('endDemotion', async () => {
    await status.after(() => endDemotion(context));
    return ok;
  });
  register('allowAsync', async ({ body, user }) => {
    await status.after(() => allowAsync(context, body.confirm, user.username));
    return ok;
  });
  register('noteHold', async ({ body }) => {
    await status.after(() => acceptHold(context, body.hold));
    return ok;
  });
  register('promise', ({ body, peer }) => acceptPromise(context, body, peer.nodeId));
  register('confirmMain', ({ body, peer }) => Promise.resolve(answerConfirmation(context, body, peer.nodeId)));
}
