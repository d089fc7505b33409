/** A fenced server whose PostgreSQL comes up writable (somebody restarted it) is fenced again at once, not at the next tick. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { enforceFence } from '../cluster/meet-term.ts';
import type { Membership } from '../cluster/node-file.ts';
import { recordEvent } from '../cluster/record-event.ts';
import { messageOf } from '../fault.ts';
import type { Service } from './service.ts';

export function createFenceService(context: ClusterContext): Service {
  return {
    name: 'fence',
    async run(signal) {
      const stop = context.database.onChange((view, before) => {
        const { membership } = context.nodeFile.get();
        if (view.state !== 'writable' || membership?.fence == null) return;
        shutAgain(context, membership, before.state !== 'writable').catch((error: unknown) => {
          context.log.error({ reason: messageOf(error) }, 'the fence failed');
        });
      });
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      stop();
    },
  };
}

async function shutAgain(context: ClusterContext, { node_id: nodeId }: Membership, cameUp: boolean): Promise<void> {
  await enforceFence(context);
  // The fence itself was told of by who put it up; that somebody opened the database since is news.
  if (!cameUp || context.database.view().state === 'writable') return;
  const message = 'This server is fenced, and its PostgreSQL came up writable: it was shut again.';
  await recordEvent(context, { type: 'main_fenced', message, actor: 'system', nodeId, severity: 'critical' });
}
