import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Badge } from '../../ui/badge.tsx';
import { Card } from '../../ui/card.tsx';
import { bytesText, secondsText } from '../../ui/format.ts';

/** The panel's version on each server, and the order in which servers are updated. */
export function License({ status }: { status: ClusterStatus }) {
  const others = status.nodes.filter((node) => !node.is_self);
  return (
    <div className="flex flex-col gap-5">
      <Versions status={status} others={others} />
      {others.length === 0 ? <UpdateAlone /> : <UpdateOrder status={status} />}
    </div>
  );
}

function Versions({ status, others }: { status: ClusterStatus; others: readonly StatusNode[] }) {
  const own = status.server;
  const differs = others.some((node) => node.version !== own.version);
  return (
    <Card
      title="Versions"
      aside={
        others.length === 0 ? null : (
          <Badge tone={differs ? 'warn' : 'good'}>{differs ? 'versions differ' : 'versions are equal'}</Badge>
        )
      }
    >
      <ul aria-label="Versions" className="flex flex-col divide-y divide-line">
        <VersionLine
          name={own.display_name ?? 'This server'}
          note={`this server, ${own.effective_role}`}
          version={own.version}
          equal
        />
        {others.map((node) => (
          <VersionLine
            key={node.id}
            name={node.display_name}
            note={`${node.is_main ? 'main' : node.role}, ${node.status}`}
            version={node.version}
            equal={node.version === own.version}
          />
        ))}
      </ul>
      {differs ? <p className="mt-3 text-warn">Until the versions are equal, do not change the main server.</p> : null}
    </Card>
  );
}

function VersionLine({ name, note, version, equal }: { name: string; note: string; version: string; equal: boolean }) {
  return (
    <li className="flex flex-wrap items-center justify-between gap-2 py-2">
      <span>
        <span className="font-medium">{name}</span> <span className="text-sm text-muted">({note})</span>
      </span>
      <Badge tone={equal ? 'info' : 'warn'}>{version}</Badge>
    </li>
  );
}

function UpdateAlone() {
  return (
    <Card title="Updating">
      <p>This server is in no cluster. While it is updated the panel is away for about 30 s.</p>
    </Card>
  );
}

/** A replica may be newer than its main for a while, and is missed by nobody while it restarts: so it goes first. */
function UpdateOrder({ status }: { status: ClusterStatus }) {
  const secondaries = status.nodes.filter((node) => !node.is_main);
  const main = status.nodes.find((node) => node.is_main);
  const lag = secondaries.map((node) => `${node.display_name}: ${lagText(node)}`).join('; ');
  return (
    <Card title="Order of an update">
      <ol className="flex list-decimal flex-col gap-2 pl-5">
        <li>
          Update the secondary first ({secondaries.map((node) => node.display_name).join(', ')}). The main server goes
          on working meanwhile.
        </li>
        <li>Wait until it is online again and check that it has caught up. Lag now: {lag}.</li>
        <li>
          Update the main server ({main?.display_name ?? 'unknown'}). It is away for about 30 s. {failoverText(status)}
        </li>
        <li>Compare the badges above: every server must show the same version.</li>
      </ol>
    </Card>
  );
}

function lagText({ replication_lag_seconds, replication_lag_bytes }: StatusNode): string {
  if (replication_lag_seconds === null && replication_lag_bytes === null) return 'unknown';
  return `${secondsText(replication_lag_seconds)}, ${bytesText(replication_lag_bytes)}`;
}

/** An update must not look like the loss of main. */
function failoverText({ arbiter, cluster }: ClusterStatus): string {
  if (cluster?.settings.auto_failover !== true) return 'Automatic failover is off.';
  if (arbiter !== null) return 'Hold automatic failover meanwhile: main’s lease runs out sooner than that.';
  const seconds = cluster.settings.failover_after_ms / 1_000;
  const after = `Automatic failover begins after ${String(seconds)} s of silence`;
  return seconds > 60 ? `${after}.` : `${after}: hold it meanwhile.`;
}
