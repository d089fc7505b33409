/** Does main's PostgreSQL answer, and does it take writes? Asked when main is not heard (SAFETY §4 "silent by every path"). */
import { Fault } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import { mainPeer } from './membership.ts';
import { bootMs, soundsOf } from './sounds.ts';
import { standbySourceOf } from './standby-source-of.ts';

export async function knockOnMain(context: ClusterContext): Promise<void> {
  const { membership } = context.nodeFile.get();
  const main = membership === null ? null : mainPeer(membership);
  if (membership === null || main === null || main.node_id === membership.node_id) return;
  const sounds = soundsOf(context, main.node_id);
  const askedMs = bootMs(context);
  try {
    await context.portProbes.postgresAnswers(main.address, main.postgres_port);
    sounds.databaseAnsweredMs = bootMs(context);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    sounds.databaseFailedMs = Math.max(sounds.databaseFailedMs ?? 0, askedMs);
    context.memory.upstreamInRecovery = null;
    return;
  }
  const source = standbySourceOf(membership);
  context.memory.upstreamInRecovery = source === null ? null : await context.replication.upstreamInRecovery(source);
}
