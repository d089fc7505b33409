/** Main dissolves the cluster: every server keeps its data, replication is left running until an admin ends it (DESIGN §7). */
import { requireWritableMain } from './answer-preflight.ts';
import type { ClusterContext } from './cluster-context.ts';
import { makeEvent } from './record-event.ts';
import { standDown } from './stand-down.ts';

export interface DisbandReply {
  readonly ok: true;
  readonly sentence: string;
  readonly slots: { slot_name: string; drop_command: string }[];
}

/** Repeatable: a second call finds a cluster that is inactive and answers NOT_CONFIGURED. */
export async function disbandCluster(context: ClusterContext, actor: string): Promise<DisbandReply> {
  return context.lock.run('the disbanding of the cluster', async () => {
    const membership = requireWritableMain(context);
    await context.rows.transaction(async (rows) => {
      // A set-up that was cut off before its commit left no row; disbanding is the way out of that, too.
      if ((await rows.readConfig()) !== null) await rows.patchConfig({ is_active: false, role: 'standalone' });
      const message = `${actor} disbanded the cluster.`;
      const input = {
        type: 'cluster_disbanded',
        message,
        actor,
        severity: 'warning',
        nodeId: membership.node_id,
      } as const;
      await rows.appendEvents([makeEvent(context.clock, input)]);
    });
    const at = new Date(context.clock.nowMs()).toISOString();
    // The secret stays in node.json, marked inactive: the secondaries must still hear, signed, that it is over.
    await context.nodeFile.update((file) => ({
      ...file,
      membership: file.membership === null ? null : { ...file.membership, is_active: false },
      ended_membership: {
        at,
        sentence: 'The cluster was disbanded. This server is standalone and keeps all its data.',
      },
    }));
    // Inactive in node.json first: the loop would put all of it back.
    await standDown(context);
    const { slots } = await context.replication.positions();
    const ours = slots.filter((slot) => /^replica_\d+$/.test(slot.name));
    return {
      ok: true,
      sentence:
        'The cluster is disbanded. Replication still runs; a slot that nobody reads keeps WAL for ever, so drop it once its server has left.',
      slots: ours.map((slot) => ({ slot_name: slot.name, drop_command: dropCommand(slot.name) })),
    };
  });
}

function dropCommand(slotName: string): string {
  return `psql -U postgres -c "SELECT pg_drop_replication_slot('${slotName}')"`;
}
