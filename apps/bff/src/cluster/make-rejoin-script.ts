/** Makes rejoin.sh, the repair of an old main that has diverged (SAFETY §2, DESIGN §8). */
import type { SetupSecondaryReply } from '@proxpanel/contracts/membership';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { makeScript, rejoinScriptName } from './make-script.ts';
import { renderRejoinScript } from './scripts/render-rejoin-script.ts';

/** NOT_SECONDARY on main, PREFLIGHT_FAILED when PostgreSQL cannot be controlled. */
export async function makeRejoinScript(context: ClusterContext): Promise<SetupSecondaryReply> {
  const { membership } = context.nodeFile.get();
  // A server that was only fenced may have written past the fork or not: pg_rewind finds out, and the script goes on from there.
  const repair = membership?.divergence?.repair ?? 'rewind';
  return makeScript(context, {
    name: rejoinScriptName,
    databaseBytes: await ownDatabaseBytes(context),
    follows: false,
    render: (input) => renderRejoinScript({ ...input, repair }),
  });
}

/** Both databases were one until the fork, so that this one's size says what a clone of the other needs. */
async function ownDatabaseBytes(context: ClusterContext): Promise<number> {
  try {
    return await context.replication.databaseBytes();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Its database is down: the script measures the directory itself.
    return context.nodeFile.get().join_script?.database_bytes ?? 0;
  }
}
