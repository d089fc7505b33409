/** The panel's subscribers: any signed-in user, a reseller for his own (DESIGN §5). */
import type { Register } from '../http/call.ts';
import { StreamReply } from '../http/raw-reply.ts';
import { changeSubscriber } from '../panel/change-subscriber.ts';
import { createSubscriber } from '../panel/create-subscriber.ts';
import { exportSubscribers } from '../panel/export-subscribers.ts';
import { idOfPath, ownerOf } from '../panel/panel-user.ts';
import type { SubscriberDeps } from '../panel/subscriber-values.ts';

const WHAT = 'subscriber';

export function registerSubscriberRoutes(register: Register, deps: SubscriberDeps): void {
  const { subscribers } = deps;
  register('listSubscribers', ({ user, query }) => subscribers.list(query, ownerOf(user)));
  register('exportSubscribers', async ({ user, query }) => {
    const day = new Date(deps.nowMs()).toISOString().slice(0, 10);
    return new StreamReply({
      chunks: exportSubscribers(deps, user, query),
      contentType: 'text/csv; charset=utf-8',
      headers: { 'Content-Disposition': `attachment; filename="subscribers-${day}.csv"` },
    });
  });
  register('createSubscriber', ({ user, body }) => createSubscriber(deps, user, body));
  register('readSubscriber', ({ user, params }) => subscribers.find(idOfPath(params.id, WHAT), ownerOf(user)));
  register('changeSubscriber', ({ user, params, body }) =>
    changeSubscriber(deps, user, idOfPath(params.id, WHAT), body),
  );
  register('removeSubscriber', async ({ user, params, body }) => {
    const target = { id: idOfPath(params.id, WHAT), rowVersion: body.row_version, owner: ownerOf(user) };
    await subscribers.remove(target, user.username);
    return { ok: true };
  });
  register('subscriberUsage', ({ user, params }) => subscribers.usage(idOfPath(params.id, WHAT), ownerOf(user)));
}
