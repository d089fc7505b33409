import type { DashboardReply } from '@proxpanel/contracts/dashboard';
import { Link } from 'react-router';
import { Card, Fact } from '../../ui/card.tsx';
import { agoText, countText, dateTimeText } from '../../ui/format.ts';
import { Meter } from '../../ui/meter.tsx';
import { useNow } from '../../ui/use-now.ts';

type Count = keyof DashboardReply['subscribers'];

const tiles: readonly { count: Count; label: string; address: string }[] = [
  { count: 'total', label: 'Subscribers', address: '/subscribers' },
  { count: 'online', label: 'Online', address: '/subscribers?state=online' },
  { count: 'active', label: 'Active', address: '/subscribers?state=active' },
  { count: 'expired', label: 'Expired', address: '/subscribers?state=expired' },
  { count: 'expiring_in_7_days', label: 'Expiring in 7 days', address: '/subscribers?state=expiring' },
];

/** The counts as tiles that lead to the list of what they count; sessions; and, for admins, this server. */
export function Dashboard({ dashboard }: { dashboard: DashboardReply }) {
  const { subscribers, sessions, server } = dashboard;
  return (
    <div className="flex flex-col gap-5">
      <CountsAge dashboard={dashboard} />
      <ul aria-label="Counts" className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5">
        {tiles.map(({ count, label, address }) => (
          <li key={count}>
            <Link
              to={address}
              className="flex h-full flex-col rounded-lg border border-line bg-surface px-4 py-3 hover:border-accent"
            >
              <span className="text-sm text-muted">{label}</span>
              <span className="text-2xl font-semibold">{countText(subscribers[count])}</span>
            </Link>
          </li>
        ))}
      </ul>
      <div className="grid gap-5 md:grid-cols-2">
        <Card title="Sessions">
          <dl className="grid grid-cols-2 gap-x-6 gap-y-3">
            <Fact label="Open now">{countText(sessions.open)}</Fact>
            <Fact label="Started today">{countText(sessions.started_today)}</Fact>
          </dl>
        </Card>
        {server === null ? null : (
          <Card title="This server">
            <div className="flex flex-col gap-3">
              <Meter label="CPU" percent={server.cpu_percent} />
              <Meter label="Memory" percent={server.memory_percent} />
              <Meter label="Disk" percent={server.disk_percent} />
            </div>
          </Card>
        )}
      </div>
    </div>
  );
}

function CountsAge({ dashboard: { counted_at, source } }: { dashboard: DashboardReply }) {
  const nowMs = useNow();
  return (
    <p className="text-sm text-muted" title={dateTimeText(counted_at)}>
      Counted {agoText(counted_at, nowMs)}
      {source === 'database' ? ', by the database itself' : ''}
    </p>
  );
}
