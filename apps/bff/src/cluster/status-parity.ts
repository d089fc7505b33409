/** The parity list: each node beside main, compared with main in what PostgreSQL does not replicate (DESIGN §11). */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { NodeParity } from '@proxpanel/contracts/parity';
import type { ClusterContext } from './cluster-context.ts';
import { compareSides, type ParitySide } from './compare-sides.ts';

export function readParity(context: ClusterContext, nodes: readonly StatusNode[]): NodeParity[] {
  const main = nodes.find((node) => node.is_main);
  if (main === undefined) return [];
  const mainSide = sideOf(context, main);
  const nowMs = context.clock.nowMs();
  return nodes
    .filter((node) => !node.is_main && node.status !== 'removed')
    .map((node) => ({ node_id: node.id, lines: compareSides(mainSide, sideOf(context, node), nowMs) }));
}

function sideOf(context: ClusterContext, node: StatusNode): ParitySide {
  const name = node.display_name;
  if (node.is_self) return { name, version: context.own.version, facts: context.memory.parity, clockAheadMs: 0 };
  const probe = context.memory.probes.get(node.id);
  // An answer from before the last probe failed is not about now.
  if (probe?.reply == null || probe.lastFailedAtMs !== null) {
    return { name, version: null, facts: null, clockAheadMs: null };
  }
  const { version, parity } = probe.reply;
  return { name, version, facts: parity, clockAheadMs: probe.clockAheadMs ?? null };
}
