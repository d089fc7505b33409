/** A secondary leaves: tells main, ends replication, forgets the cluster; loses no data and may be repeated (DESIGN §7). */
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { endMembership } from './end-membership.ts';
import { mainPeer, targetOf } from './membership.ts';
import type { Membership } from './node-file.ts';

const farewellTimeoutMs = 5_000;
const promoteLimitSeconds = 60;

export interface LeaveReply {
  readonly ok: true;
  readonly told_main: boolean;
  readonly sentence: string;
}

/** NOT_SECONDARY on a main (disband instead); NOT_CONFIGURED when there is nothing to leave. */
export async function leaveCluster(context: ClusterContext, promoteDatabase: boolean): Promise<LeaveReply> {
  return context.lock.run('leaving the cluster', async () => {
    const { membership } = context.nodeFile.get();
    if (membership === null) throw new Fault('NOT_CONFIGURED', 'This server belongs to no cluster.');
    if (membership.is_active && membership.main_node_id === membership.node_id) {
      throw new Fault('NOT_SECONDARY', 'This server is main; disband the cluster or promote another server first.');
    }
    const toldMain = await tellMain(context, membership);
    const recovery = (await context.database.look()).state === 'recovery';
    if (recovery) {
      // A deadline of a former reign would shut it again as soon as it is promoted, by whomever.
      await context.guard.stop();
      await context.replication.clearStandbySource();
    }
    if (recovery && promoteDatabase) await promoteAlone(context);
    const fate = !recovery
      ? 'Its own database was never replaced.'
      : promoteDatabase
        ? 'Its database was promoted and accepts writes.'
        : 'Its database stays read-only; promote it by hand with SELECT pg_promote().';
    const told = toldMain
      ? 'Main was told.'
      : 'Main could not be told: remove this node there, so that its slot is dropped.';
    await endMembership(context, `This server left the cluster. ${fate}`);
    await context.database.look();
    return { ok: true, told_main: toldMain, sentence: `This server left the cluster. ${fate} ${told}` };
  });
}

async function tellMain(context: ClusterContext, membership: Membership): Promise<boolean> {
  const main = mainPeer(membership);
  if (main === null) return false;
  try {
    const options = { timeoutMs: farewellTimeoutMs };
    await context.peers.call('farewell', targetOf(membership, main), { node_id: membership.node_id }, options);
    return true;
  } catch (error) {
    // Removed already is as good as told.
    if (error instanceof Fault && error.code === 'NODE_REMOVED') return true;
    context.log.warn({ reason: messageOf(error) }, 'main could not be told that this server leaves');
    return false;
  }
}

/** Out of recovery without becoming main of anything: the replicated rows of the old cluster are taken away. */
async function promoteAlone(context: ClusterContext): Promise<void> {
  // A fence would shut the promoted database again at once. Its role stays secondary, so a cut-off here is safe.
  await context.nodeFile.update((file) =>
    file.membership === null ? file : { ...file, membership: { ...file.membership, fence: null } },
  );
  await context.replication.promote(promoteLimitSeconds);
  await context.database.look();
  await context.replication.restoreAfterPromotion();
  await context.replication.keepStandbySignal(false);
  await context.rows.transaction(async (rows) => {
    await rows.patchConfig({ is_active: false });
    await rows.clearCluster();
  });
}
