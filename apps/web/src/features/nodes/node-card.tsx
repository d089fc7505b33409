import type { StatusNode } from '@proxpanel/contracts/nodes';
import { useId } from 'react';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Fact } from '../../ui/card.tsx';
import { agoText, bytesText, countText, dateTimeText, secondsText } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/meter.tsx';
import { NodeMeters } from './node-meters.tsx';

const statusTones: Record<StatusNode['status'], Tone> = {
  joining: 'info',
  syncing: 'info',
  online: 'good',
  late: 'warn',
  offline: 'bad',
  unreachable: 'warn',
  fenced: 'bad',
  diverged: 'bad',
  removed: 'neutral',
};

interface NodeCardProps {
  node: StatusNode;
  nowMs: number;
  versionsDiffer: boolean;
}

/** One server of the cluster. */
export function NodeCard({ node, nowMs, versionsDiffer }: NodeCardProps) {
  const titleId = useId();
  const open = useClusterPage((state) => state.open);
  return (
    <article aria-labelledby={titleId} className="flex min-w-0 flex-col gap-4 rounded-md border border-line p-4">
      <div className="flex items-start justify-between gap-2">
        <div className="min-w-0">
          <h3 id={titleId} className="font-semibold break-words">
            {node.display_name}
          </h3>
          <div className="mt-1 flex flex-wrap gap-1.5">
            <Badge tone={statusTones[node.status]}>{node.status}</Badge>
            <Badge tone={node.is_main ? 'info' : 'neutral'}>{node.role}</Badge>
            <Badge tone={versionsDiffer ? 'warn' : 'neutral'} title={versionsDiffer ? 'The versions differ' : ''}>
              {node.version}
            </Badge>
            {node.is_self ? <Badge>this server</Badge> : null}
          </div>
        </div>
        <IconButton
          aria-label={`Remove ${node.display_name}`}
          reasons={node.remove.allowed ? [] : node.remove.reasons.map((reason) => reason.sentence)}
          onClick={() => {
            open({ kind: 'remove_node', nodeId: node.id });
          }}
        >
          ×
        </IconButton>
      </div>
      <p className="min-h-6 text-sm text-muted">{node.status_reason}</p>
      {node.clone === null ? null : <CloneBar clone={node.clone} />}
      <NodeFacts node={node} nowMs={nowMs} />
      <NodeMeters node={node} />
    </article>
  );
}

function NodeFacts({ node, nowMs }: { node: StatusNode; nowMs: number }) {
  const seenAt = node.last_seen_at;
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3">
      <Fact label="Last seen" title={seenAt === null ? undefined : dateTimeText(seenAt)}>
        {agoText(seenAt, nowMs)}
      </Fact>
      {node.is_main ? null : (
        <>
          <Fact label="Lag" title={lagTitle(node)}>
            {lagText(node)}
          </Fact>
          <Fact label="Replication">{replicationText(node)}</Fact>
        </>
      )}
      <Fact label="Address">
        <a className="text-accent underline" href={node.api_url}>
          {node.address}
        </a>
      </Fact>
      <Fact label="Subscribers">{countText(node.subscriber_count)}</Fact>
      {node.slot_name === null || node.is_main ? null : (
        <Fact label="Slot">
          <span className="font-mono text-sm">{node.slot_name}</span>
        </Fact>
      )}
    </dl>
  );
}

/** Bytes and seconds; either may be unknown by itself, and unknown is never 0. */
function lagText(node: StatusNode): string {
  const { replication_lag_bytes: bytes, replication_lag_seconds: seconds } = node;
  if (bytes === null && seconds === null) return 'unknown';
  return `${bytesText(bytes)} · ${secondsText(seconds)}`;
}

function lagTitle(node: StatusNode): string | undefined {
  const parts = [];
  if (node.replication_lag_bytes !== null) parts.push(`${node.replication_lag_bytes.toLocaleString('en')} bytes`);
  if (node.wal.measured_at !== null) parts.push(`measured ${dateTimeText(node.wal.measured_at)}`);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function replicationText(node: StatusNode): string {
  if (node.wal.slot_active === false && node.wal.state !== 'unknown') return `${node.wal.state}, slot not in use`;
  return node.wal.state;
}

function CloneBar({ clone }: { clone: NonNullable<StatusNode['clone']> }) {
  const total = clone.total_bytes === null ? '' : ` of ${bytesText(clone.total_bytes)}`;
  const percent = clone.percent === null ? '' : `${clone.percent.toFixed(0)} % · `;
  const text = `${percent}${bytesText(clone.streamed_bytes)}${total}`;
  return (
    <div>
      <p className="text-sm">Cloning the database ({clone.phase})</p>
      <ProgressBar label="Clone" percent={clone.percent} text={text} />
    </div>
  );
}
