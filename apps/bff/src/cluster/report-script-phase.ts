/** The running script says where it is; the tab shows it live (DESIGN §6.5). */
import type { ScriptPhaseBody } from '@proxpanel/contracts/script';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { matchesHash } from './issue-script-credential.ts';

/** A script that is run again and again must not grow node.json. */
const phaseLimit = 60;

/** BAD_TOKEN for any but the newest script's own token. */
export async function reportScriptPhase(context: ClusterContext, token: string, body: ScriptPhaseBody): Promise<void> {
  const script = context.nodeFile.get().join_script;
  if (script === null || !matchesHash(token, script.phase_token_sha256)) {
    throw new Fault('BAD_TOKEN', 'The token is not that of the newest script.');
  }
  const at = new Date(context.clock.nowMs()).toISOString();
  const finished = body.phase === 'done' && body.state === 'completed';
  await context.nodeFile.update((file) => {
    if (file.join_script === null) return file;
    const others = file.join_script.phases.filter((phase) => phase.phase !== body.phase);
    // A second run starts over: what an earlier one said of later phases is history.
    const kept = body.phase === 'preflight' && body.state === 'running' ? [] : others;
    return {
      ...file,
      join_script: { ...file.join_script, finished, phases: [...kept, { ...body, at }].slice(-phaseLimit) },
      accounts_from_main_since: finished ? at : file.accounts_from_main_since,
    };
  });
  // The database was just replaced or put back: see it at once rather than at the next tick.
  if (body.phase === 'streaming' || body.phase === 'done' || body.phase === 'rolled_back')
    await context.database.look();
}
