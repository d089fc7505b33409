/** The end of a planned change on the old main: it follows the new one, and says so (SAFETY §2). */
import { setTimeout as delay } from 'node:timers/promises';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { followMain } from './follow-main.ts';
import { mainPeer, requireMembership } from './membership.ts';
import { observeReplication, receiverStreams } from './observe-replication.ts';
import { probePeer } from './probe-peers.ts';
import { recordEvent } from './record-event.ts';
import type { RunStep } from './step-result.ts';

const pollMs = 50;
const startEveryMs = 2_000;

export const followNewMain: RunStep = async (context, operation, signal) => {
  // Only now: while the new main is being promoted, the start of another PostgreSQL beside it would delay that.
  let nextStartMs = -Infinity;
  while (!signal.aborted) {
    const { state } = await context.database.look();
    if (state === 'recovery' && (await follows(context, signal))) return tellDemoted(context, operation.actor);
    if (state === 'down' && context.postgresControl.kind !== null && performance.now() >= nextStartMs) {
      nextStartMs = performance.now() + startEveryMs;
      await startAgain(context, signal);
    }
    // An abort during the pause is seen at the top of the loop.
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
  throw new Fault('DATABASE_DOWN', 'No WAL of the new main has arrived yet; it is tried again by itself.');
};

async function startAgain(context: ClusterContext, signal: AbortSignal): Promise<void> {
  try {
    await context.postgresControl.start(signal);
  } catch (error) {
    context.log.warn({ reason: messageOf(error) }, 'PostgreSQL was not started again yet');
  }
}

async function follows(context: ClusterContext, signal: AbortSignal): Promise<boolean> {
  try {
    const state = await followMain(context, signal);
    if (state === 'diverged') throw new Fault('BLOCKED', 'This server has diverged from the new main.');
    if (state === 'attached') return receiverStreams(await observeReplication(context));
    const membership = requireMembership(context.nodeFile.get());
    const main = mainPeer(membership);
    // Its list of promotions decides; it comes with its status.
    if (main !== null) await probePeer(context, membership, main, signal);
    return false;
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'BLOCKED') throw error;
    context.log.info({ reason: messageOf(error) }, 'following the new main is tried again');
    return false;
  }
}

async function tellDemoted(context: ClusterContext, actor: string): Promise<{ detail: string }> {
  const membership = requireMembership(context.nodeFile.get());
  const name = mainPeer(membership)?.display_name ?? 'the new main';
  await recordEvent(context, {
    type: 'main_demoted',
    message: `"${membership.display_name}" handed over to "${name}" and follows it.`,
    actor,
    nodeId: membership.node_id,
    details: { term: membership.term },
  });
  return { detail: `WAL of "${name}" arrives here.` };
}
