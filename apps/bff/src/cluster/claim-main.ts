/** "I am the only main": an admin's word, where no server and no arbiter can give it (SAFETY §3 "Terms"). */
import type { Operation } from '@proxpanel/contracts/operations';
import type { Reason } from '@proxpanel/contracts/primitives';
import { Fault, messageOf } from '../fault.ts';
import { askConfirmation } from './ask-confirmation.ts';
import { askPromises } from './ask-promises.ts';
import type { ClusterContext } from './cluster-context.ts';
import { endDemotion } from './demote-main.ts';
import { giveUpWaiting, waitsForUnheard } from './handover.ts';
import { giveLeaseBack, takeLease } from './hold-lease.ts';
import { configuredRole, otherPeers, requireMembership, withMain } from './membership.ts';
import type { Membership } from './node-file.ts';
import { overrideArbiter } from './override-arbiter.ts';
import { policyOf } from './observe-for-decision.ts';
import { probePeers } from './probe-peers.ts';
import { resumeMain } from './resume-main.ts';

const probeLimitMs = 4_000;

/** Why it cannot be said here now, from what was last heard; the same sentences disable the button. */
export function judgeClaim(context: ClusterContext): Reason[] {
  const { membership } = context.nodeFile.get();
  if (membership?.is_active !== true) {
    return [{ code: 'not_configured', sentence: 'This server belongs to no cluster.' }];
  }
  const { state, sentence } = context.database.view();
  if (configuredRole(membership) === 'main' && state === 'writable') {
    return [{ code: 'is_main', sentence: 'This server is main and takes writes.' }];
  }
  if (configuredRole(membership) !== 'main' && !isShutTwin(membership)) {
    const main = `node ${String(membership.main_node_id)} of term ${String(membership.term)}`;
    return [{ code: 'not_main', sentence: `Main is ${main}; where it is lost, promote a secondary that followed it.` }];
  }
  if (state !== 'recovery') return [{ code: 'database_down', sentence: `PostgreSQL has to run first: ${sentence}` }];
  // A change of main that waits for a word which only the admin can give now.
  const busy = waitsForUnheard(context) ? null : context.lock.running();
  if (busy !== null) return [{ code: 'busy', sentence: `This server is busy with ${busy}.` }];
  return refusalsOfPeers(context, membership);
}

/** One of two mains of the same term, both shut: either may be told to go on. */
function isShutTwin({ fence, term }: Membership): boolean {
  return fence?.equal_term === true && fence.term === term;
}

function refusalsOfPeers(context: ClusterContext, membership: Membership): Reason[] {
  return otherPeers(membership).flatMap((peer): Reason[] => {
    const probe = context.memory.probes.get(peer.node_id);
    if (probe?.reply == null || probe.lastFailedAtMs !== null) return [];
    const { role, term, effective_role: effective, database_state: state } = probe.reply;
    const name = `"${peer.display_name}"`;
    if (term > membership.term) {
      const sentence = `${name} has seen term ${String(term)}, which is above this server's: have this one repaired (rejoin) instead.`;
      return [{ code: 'newer_main', sentence }];
    }
    if (role === 'main' && effective === 'main' && state === 'writable') {
      const sentence = `${name} is main of the same term and takes writes: stop its panel and PostgreSQL first, or have this server repaired.`;
      return [{ code: 'other_main', sentence }];
    }
    return [];
  });
}

/**
 * Starts the operation that makes this server take writes again: the term stays (with an arbiter the lease brings one),
 * the promotion id is new.
 *
 * @throws Fault BLOCKED with the reasons and what to do; CONFIRMATION_NEEDED without the typed name; LEASE_HELD.
 */
export async function claimMain(
  context: ClusterContext,
  body: { readonly confirm: string; readonly reason?: string | undefined },
  actor: string,
): Promise<Operation> {
  const membership = requireMembership(context.nodeFile.get());
  if (body.confirm !== membership.display_name) {
    const sentence = `Type the name of this server, "${membership.display_name}", to say that it is the only main.`;
    throw new Fault('CONFIRMATION_NEEDED', sentence, { field: 'confirm' });
  }
  await Promise.all([context.database.look(), probePeers(context, AbortSignal.timeout(probeLimitMs))]);
  refuse(judgeClaim(context));
  const isTwin = isShutTwin(membership);
  // A twin that was shut cannot confirm: it was promoted itself, and it is the admin who chooses between the two.
  const denied = isTwin ? null : (await askConfirmation(context)).denied;
  if (denied !== null) {
    const sentence = `${denied} Promote that server, or have this one repaired, instead.`;
    refuse([{ code: 'denied', sentence }]);
  }
  const { operation } = context.memory;
  if (operation !== null && giveUpWaiting(context, `${actor} says that this is the only main.`)) return operation;
  const tookLease = await takeLeaseIfThere(context, membership);
  if (isTwin) await becomeMainAgain(context);
  await endDemotion(context);
  try {
    return await resumeMain(context, { actor, reason: body.reason ?? 'I am the only main', claimed: true });
  } catch (error) {
    // Nobody holds the lease for a server that did not begin.
    if (tookLease) await giveLeaseBack(context).catch(() => undefined);
    throw error;
  }
}

function refuse(reasons: Reason[]): void {
  const [first] = reasons;
  if (first !== undefined) throw new Fault('BLOCKED', first.sentence, { reasons });
}

/** Another server's lease stands against it; an arbiter that is away does not, and then promises are asked for. */
async function takeLeaseIfThere(context: ClusterContext, membership: Membership): Promise<boolean> {
  if (!context.arbiter.configured || context.memory.lease?.lost === false) return false;
  try {
    await takeLease(context, null);
    return true;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'ARBITER_AWAY') throw error;
    context.log.warn({ reason: messageOf(error) }, 'an admin claims main while the arbiter is away');
    await askPromises(context, policyOf(context, membership).leaseTtlMs);
    await overrideArbiter(context);
    return false;
  }
}

/** The fence is taken away before the database leaves recovery, or it would be shut again at once. */
async function becomeMainAgain(context: ClusterContext): Promise<void> {
  await context.nodeFile.update((file) => {
    const { membership } = file;
    if (membership === null || !isShutTwin(membership)) return file;
    const own = withMain(membership, membership.node_id, membership.term);
    return { ...file, membership: { ...own, fence: null, divergence: null } };
  });
}
