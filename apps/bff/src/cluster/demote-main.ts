/**
 * An admin shuts this main now, and nobody is promoted: planned, nothing lost (SAFETY §1 "demote"). It stays read-only
 * through every restart, until it is promoted again or another server is.
 */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { askingGateReason } from './gate-reasons.ts';
import { isOpenHandover } from './handover.ts';
import { configuredRole, requireMembership } from './membership.ts';
import { recordEvent } from './record-event.ts';

const limitMs = 120_000;

/**
 * Resolves once the database is in recovery. The writes of who did not stop are ended, never half done.
 *
 * @throws Fault CONFIRMATION_NEEDED without the typed name; NOT_MAIN; BUSY; PREFLIGHT_FAILED with SAFETY §1's sentences;
 * whatever kept the database from being shut, with the gate open again.
 */
export async function demoteMain(
  context: ClusterContext,
  body: { readonly confirm: string; readonly reason?: string | undefined },
  actor: string,
): Promise<void> {
  return context.lock.run('a demotion', async () => {
    const membership = requireMembership(context.nodeFile.get());
    if (configuredRole(membership) !== 'main') throw new Fault('NOT_MAIN', 'This server is not main.');
    if (body.confirm !== membership.display_name) {
      const sentence = `Type the name of this server, "${membership.display_name}", to shut its writes.`;
      throw new Fault('CONFIRMATION_NEEDED', sentence, { field: 'confirm' });
    }
    if (isOpenHandover(membership.handover)) throw new Fault('BUSY', 'A change of main is not settled yet.');
    const because = body.reason === undefined || body.reason === '' ? '' : ` (${body.reason})`;
    const reason = `${actor} shut the writes of this main${because}; \`proxpanel-cluster promote\` opens them again.`;
    await shut(context, reason);
    const at = new Date(context.clock.nowMs()).toISOString();
    await context.nodeFile.update((file) => {
      const { membership: current } = file;
      // A higher term may have been met in the meantime, and its fence says more.
      if (current === null || configuredRole(current) !== 'main') return file;
      return { ...file, membership: { ...current, fence: { at, reason, term: current.term, ordered: true } } };
    });
    const event = { type: 'main_demoted', actor, message: reason, severity: 'critical' } as const;
    await recordEvent(context, { ...event, nodeId: membership.node_id });
  });
}

/** The gate first, so that the panel begins no new write; then the database. */
async function shut(context: ClusterContext, reason: string): Promise<void> {
  const { state, sentence } = await context.database.look();
  if (state === 'recovery') return;
  if (state !== 'writable') throw new Fault('DATABASE_DOWN', `The database cannot be shut now: ${sentence}`);
  const { refusals } = await context.replication.checkForShutdown();
  const [refusal] = refusals;
  if (refusal !== undefined) throw new Fault('PREFLIGHT_FAILED', refusal.sentence, { reasons: [...refusals] });
  const before = context.roles.view().gateShutBecause;
  context.roles.shutGate(reason);
  try {
    await context.replication.demote(AbortSignal.timeout(limitMs));
  } catch (error) {
    // The kill may have happened all the same: what the database says is what counts.
    if ((await context.database.look()).state === 'recovery') return;
    if (before === null) context.roles.openGate();
    throw new Fault('HOST_FAULT', `The writes could not be shut: ${messageOf(error)}`, { cause: error });
  }
  await context.database.look();
}

/**
 * Takes back an admin's demotion: from here on this main resumes as after any restart (SAFETY §1 "Fail-safe restart"),
 * by its lease or another server's word. Does nothing where no admin has demoted it.
 */
export async function endDemotion(context: ClusterContext): Promise<void> {
  if (context.nodeFile.get().membership?.fence?.ordered !== true) return;
  await context.nodeFile.update((file) => {
    if (file.membership?.fence?.ordered !== true) return file;
    return { ...file, membership: { ...file.membership, fence: null } };
  });
  // Its database is read-only still; the decision opens the gate once it has resumed.
  context.roles.shutGate(askingGateReason);
}
