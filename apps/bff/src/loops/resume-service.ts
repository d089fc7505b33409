/** Once after a start: goes on with what a restart of this process cut off. */
import type { ClusterContext } from '../cluster/cluster-context.ts';
import { listCutOff, resumeOperations } from '../cluster/resume-operations.ts';
import { mayHaveShutItsDatabase } from '../cluster/resume-switchover.ts';
import { messageOf } from '../fault.ts';
import { pause, type Service } from './service.ts';

const lookIntervalMs = 200;

export function createResumeService(context: ClusterContext): Service {
  return {
    name: 'resume',
    async run(signal) {
      try {
        const cutOff = await listCutOff(context);
        if (!mayHaveShutItsDatabase(context, cutOff)) await untilSeen(context, signal);
        if (!signal.aborted) await resumeOperations(context, cutOff);
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

/** What an operation needs next is read off the database. */
async function untilSeen(context: ClusterContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { state } = context.database.view();
    if (state === 'writable' || state === 'recovery') return;
    await pause(lookIntervalMs, signal);
  }
}
