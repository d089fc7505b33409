/** POST /api/cluster/rejoin: the admin asks for the repair of this old main (SAFETY §2, DESIGN §8). */
import type { SetupSecondaryReply } from '@proxpanel/contracts/membership';
import type { Reason } from '@proxpanel/contracts/primitives';
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { makeRejoinScript } from './make-rejoin-script.ts';
import { mainPeer } from './membership.ts';
import { startScript } from './run-setup-script.ts';

/** Why there is nothing to rejoin; empty on a server that waits for its repair. Disables the button as well. */
export function judgeRejoin(context: ClusterContext): Reason[] {
  const { membership } = context.nodeFile.get();
  if (membership === null) return [{ code: 'not_configured', sentence: 'This server belongs to no cluster.' }];
  if (membership.node_id === membership.main_node_id) {
    return [{ code: 'is_main', sentence: 'This server is main; the others follow it.' }];
  }
  if (membership.fence === null && membership.divergence === null) {
    return [{ code: 'not_diverged', sentence: 'This server has not parted from main: there is nothing to repair.' }];
  }
  if (mainPeer(membership) === null) {
    return [{ code: 'main_unknown', sentence: 'This server does not know yet where the new main is.' }];
  }
  // The repair takes this server's rows away from it: never while it may still be the one that takes writes.
  const { state } = context.database.view();
  if (state === 'writable') {
    return [
      { code: 'writable', sentence: 'This PostgreSQL still accepts writes: it must be read-only before its repair.' },
    ];
  }
  return [];
}

/**
 * Writes rejoin.sh with fresh tokens; RUN_SCRIPTS runs it as well. May be repeated: the newest script counts.
 *
 * @throws Fault BLOCKED with the reasons; PREFLIGHT_FAILED when PostgreSQL cannot be controlled.
 */
export function rejoinNode(context: ClusterContext): Promise<SetupSecondaryReply> {
  return context.lock.run('a rejoin', async () => {
    const reasons = judgeRejoin(context);
    const [first] = reasons;
    if (first !== undefined) throw new Fault('BLOCKED', first.sentence, { reasons });
    const reply = await makeRejoinScript(context);
    if (context.own.runScripts) startScript(context, reply.script_path);
    return reply;
  });
}
