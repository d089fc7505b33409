/** The running script says where it is; the tab shows it live (DESIGN §6.5). */
import type { ScriptPhaseBody } from '@proxpanel/contracts/script';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { completeRejoin } from './complete-rejoin.ts';
import { matchesHash } from './issue-script-credential.ts';
import { isRejoinScript } from './make-script.ts';
import { attachedByCopy } from './membership.ts';

/** A script that is run again and again must not grow node.json. */
const phaseLimit = 60;

/** BAD_TOKEN for any but the newest script's own token. */
export async function reportScriptPhase(context: ClusterContext, token: string, body: ScriptPhaseBody): Promise<void> {
  const script = context.nodeFile.get().join_script;
  if (script === null || !matchesHash(token, script.phase_token_sha256)) {
    throw new Fault('BAD_TOKEN', 'The token is not that of the newest script.');
  }
  const at = new Date(context.clock.nowMs()).toISOString();
  const done = body.phase === 'done' && body.state === 'completed';
  // Sticky until the data are really touched: a second run that fails in its checks leaves a good replica as it was.
  const replaced = body.phase === 'move_aside' || body.phase === 'rolled_back';
  await context.nodeFile.update((file) => {
    if (file.join_script === null) return file;
    const others = file.join_script.phases.filter((phase) => phase.phase !== body.phase);
    // A second run starts over: what an earlier one said of later phases is history.
    const kept = body.phase === 'preflight' && body.state === 'running' ? [] : others;
    // A base backup is a copy of this very main; a repaired server is judged by its promotions first.
    const { membership } = file;
    const isCopy = done && membership !== null && !isRejoinScript(file.join_script);
    const finished = done || (file.join_script.finished && !replaced);
    return {
      ...file,
      membership: isCopy ? { ...membership, attached: attachedByCopy(membership, file.join_script) } : membership,
      join_script: { ...file.join_script, finished, phases: [...kept, { ...body, at }].slice(-phaseLimit) },
      accounts_from_main_since: done ? at : file.accounts_from_main_since,
    };
  });
  // The database was just replaced or put back: see it at once rather than at the next tick.
  if (body.phase === 'streaming' || body.phase === 'done' || body.phase === 'rolled_back')
    await context.database.look();
  if (done) await completeRepair(context);
}

/** The script's word is taken whatever comes of this; the loop tries again each tick. */
async function completeRepair(context: ClusterContext): Promise<void> {
  try {
    await completeRejoin(context);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ code: error.code, reason: messageOf(error) }, 'the repair is not complete yet');
  }
}
