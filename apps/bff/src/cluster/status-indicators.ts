/** The admin's runbook of DESIGN §8, one set per secondary: any that is not fine means "do not fail over before you know why". */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { Indicator } from '@proxpanel/contracts/status';
import { readinessIndicators } from '@proxpanel/failover/indicators';
import type { ClusterContext } from './cluster-context.ts';

export function readIndicators(context: ClusterContext, nodes: readonly StatusNode[]): Indicator[] {
  const main = nodes.find((node) => node.is_main);
  const nowMs = context.clock.nowMs();
  const ageOf = (atMs: number | null): number | null => (atMs === null ? null : Math.max(0, nowMs - atMs));
  const age = (at: string | null): number | null => ageOf(at === null ? null : Date.parse(at));
  return nodes
    .filter((node) => !node.is_main && node.status !== 'removed')
    .flatMap((node) =>
      readinessIndicators({
        mainHeartbeatAgeMs: age(main?.last_seen_at ?? null),
        // This server sees itself at all times; a heartbeat counts once main has taken it.
        secondaryHeartbeatAgeMs: node.is_self ? ageOf(context.memory.lastHeartbeatSentOkAtMs) : age(node.last_seen_at),
        replayLagSeconds: node.replication_lag_seconds,
        slotActive: node.wal.slot_active ?? (node.is_self && node.wal.state === 'streaming' ? true : null),
        secondaryInRecovery: inRecovery(context, node),
        mainVersion: knownVersion(main),
        secondaryVersion: knownVersion(node),
      }).map((indicator): Indicator => ({ ...indicator, node_id: node.id })),
    );
}

function inRecovery(context: ClusterContext, node: StatusNode): boolean | null {
  if (node.is_self) {
    const { state } = context.database.view();
    return state === 'recovery' ? true : state === 'writable' ? false : null;
  }
  const probe = context.memory.probes.get(node.id);
  // An answer from before the last probe failed is not about now.
  if (probe?.reply == null || probe.lastFailedAtMs !== null) return null;
  const { database_state: state } = probe.reply;
  return state === 'recovery' ? true : state === 'writable' ? false : null;
}

function knownVersion(node: StatusNode | undefined): string | null {
  return node === undefined || node.version === 'unknown' ? null : node.version;
}
