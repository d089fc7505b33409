import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card, Fact } from '../../ui/card.tsx';
import { countText, percentText } from '../../ui/format.ts';

const databaseTones: Record<ClusterStatus['database']['state'], Tone> = {
  writable: 'good',
  recovery: 'info',
  starting: 'warn',
  down: 'bad',
};

const databaseWords: Record<ClusterStatus['database']['state'], string> = {
  writable: 'takes writes',
  recovery: 'read-only replica',
  starting: 'starting',
  down: 'down',
};

/** What this server is and how it does. */
export function Overview({ status }: { status: ClusterStatus }) {
  const { server, database, redis, cluster, nodes } = status;
  const main = nodes.find((node) => node.is_main);
  return (
    <Card title={server.display_name ?? 'This server'} aside={<RoleBadge status={status} />}>
      <p className="mb-4">{server.role_sentence}</p>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4">
        {cluster === null ? null : (
          <>
            <Fact label="Main server">{main?.display_name ?? 'unknown'}</Fact>
            <Fact label="Term">{cluster.term}</Fact>
          </>
        )}
        <Fact label="Address">{server.address}</Fact>
        <Fact label="Panel version">{server.version}</Fact>
        <Fact label="Subscribers">{countText(database.subscriber_count)}</Fact>
        <Fact label="CPU, memory, disk">
          {percentText(status.resources.cpu_percent)} · {percentText(status.resources.memory_percent)} ·{' '}
          {percentText(status.resources.disk_percent)}
        </Fact>
        {cluster === null ? null : (
          <Fact label="Cluster id" wide>
            <span className="font-mono text-sm">{cluster.cluster_id}</span>
          </Fact>
        )}
      </dl>
      <div className="mt-4 grid gap-3 border-t border-line pt-4 md:grid-cols-2">
        <State
          // The packager's addition to the number is of no use here.
          name={`PostgreSQL ${database.postgres_version?.split(' ')[0] ?? ''}`.trim()}
          tone={databaseTones[database.state]}
          word={databaseWords[database.state]}
          sentence={database.sentence}
        />
        <State
          name="Redis"
          tone={redis.state === 'down' || redis.link_up === false ? 'bad' : redis.state === 'main' ? 'good' : 'info'}
          word={redis.state}
          sentence={redis.sentence}
        />
      </div>
    </Card>
  );
}

/** A main whose database is read-only is not a secondary: it waits (DESIGN §6.7). */
function RoleBadge({ status }: { status: ClusterStatus }) {
  const { role, effective_role: effective } = status.server;
  if (role === 'main' && effective === 'secondary') return <Badge tone="bad">main, waiting, read-only</Badge>;
  return <Badge tone={effective === 'main' ? 'info' : 'neutral'}>{effective}</Badge>;
}

interface StateProps {
  name: string;
  tone: Tone;
  word: string;
  sentence: string;
}

function State({ name, tone, word, sentence }: StateProps) {
  return (
    <div>
      <p className="flex items-center gap-2 font-medium">
        {name} <Badge tone={tone}>{word}</Badge>
      </p>
      <p className="text-sm text-muted">{sentence}</p>
    </div>
  );
}
