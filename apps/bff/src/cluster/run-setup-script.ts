/** RUN_SCRIPTS: the panel runs the generated script itself (DESIGN §4). */
import { basename } from 'node:path';
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';

/** A clone of a large database over a slow link takes hours; a day is a fault. */
const scriptLimitMs = 24 * 3_600_000;

/** Starts it and comes back at once: its phases arrive over HTTP like those of a script run by hand. */
export function startScript(context: ClusterContext, path: string): void {
  const name = basename(path);
  context.host
    .runScript(path, [], AbortSignal.timeout(scriptLimitMs))
    .then((exitCode) => {
      context.log.info({ exit_code: exitCode }, `${name} ended`);
    })
    .catch((error: unknown) => {
      context.memory.standingFaults.set('setup_script', `${name} could not be run: ${messageOf(error)}`);
      context.log.error({ reason: messageOf(error) }, `${name} could not be run`);
    });
}
