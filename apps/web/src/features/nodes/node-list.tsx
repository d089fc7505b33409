import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Card } from '../../ui/card.tsx';
import { NodeCard } from './node-card.tsx';

interface NodeListProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** The servers of the cluster, main first and then in the order of joining, so that no poll moves them. */
export function NodeList({ status, nowMs }: NodeListProps) {
  const nodes = status.nodes
    .filter((node) => node.status !== 'removed')
    .sort((a, b) => Number(b.is_main) - Number(a.is_main) || a.id - b.id);
  const versionsDiffer = new Set(nodes.map((node) => node.version)).size > 1;
  return (
    <Card title="Servers">
      {nodes.length === 0 ? <p className="text-muted">No server is known now: the database is away.</p> : null}
      <div className="grid gap-4 xl:grid-cols-2">
        {nodes.map((node) => (
          <NodeCard key={node.id} node={node} nowMs={nowMs} versionsDiffer={versionsDiffer} />
        ))}
      </div>
      {nodes.length === 1 && status.server.role === 'main' ? (
        <p className="mt-4 text-muted">
          No second server yet. On the other server open Settings → Cluster, choose “Join as Secondary” and give it the
          address {status.server.address} and the cluster secret.
        </p>
      ) : null}
    </Card>
  );
}
