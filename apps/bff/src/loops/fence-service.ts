/** A fenced server whose PostgreSQL comes up writable (somebody restarted it) is fenced again at once, not at the next tick. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { enforceFence } from '../cluster/meet-term.ts';
import { messageOf } from '../fault.ts';
import type { Service } from './service.ts';

export function createFenceService(context: ClusterContext): Service {
  return {
    name: 'fence',
    async run(signal) {
      const stop = context.database.onChange((view) => {
        if (view.state !== 'writable' || context.nodeFile.get().membership?.fence == null) return;
        enforceFence(context).catch((error: unknown) => {
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
