/** Once after a start: goes on with what a restart of this process cut off. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { isOpenHandover } from '../cluster/handover.ts';
import { resumeOperations } from '../cluster/resume-operations.ts';
import { messageOf } from '../fault.ts';
import { pause, type Service } from './service.ts';

const lookIntervalMs = 200;

/** Waits until the database has been seen, because what an operation needs next is read off it. */
export function createResumeService(context: ClusterContext): Service {
  return {
    name: 'resume',
    async run(signal) {
      while (!signal.aborted) {
        const { state } = context.database.view();
        if (state === 'writable' || state === 'recovery' || isShutByItself(context)) break;
        await pause(lookIntervalMs, signal);
      }
      if (signal.aborted) return;
      try {
        await resumeOperations(context);
      } catch (error) {
        context.memory.standingFaults.set(
          'resume',
          `A promotion that was cut off could not go on: ${messageOf(error)}`,
        );
        context.log.error({ err: error }, 'a promotion that was cut off could not go on');
      }
    },
  };
}

/** Main has shut its own database for a planned change, and nobody but the operation starts it again. */
function isShutByItself(context: ClusterContext): boolean {
  const handover = context.nodeFile.get().membership?.handover ?? null;
  return isOpenHandover(handover) && handover.side === 'main';
}
