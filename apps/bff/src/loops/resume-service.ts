/** Once after a start: goes on with what a restart of this process cut off. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { resumeOperations } from '../cluster/resume-operations.ts';
import { mayHaveShutItsDatabase } from '../cluster/resume-switchover.ts';
import { messageOf } from '../fault.ts';
import { pause, type Service } from './service.ts';

const lookIntervalMs = 200;

/** Waits until the database has been seen, because what an operation needs next is read off it; but not for one that it has to start. */
export function createResumeService(context: ClusterContext): Service {
  return {
    name: 'resume',
    async run(signal) {
      const waits = !(await mayHaveShutItsDatabase(context));
      while (waits && !signal.aborted) {
        const { state } = context.database.view();
        if (state === 'writable' || state === 'recovery') break;
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
