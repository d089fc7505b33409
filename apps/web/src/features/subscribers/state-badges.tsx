import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { Badge } from '../../ui/badge.tsx';

const soonMs = 7 * 86_400_000;

function validity({ is_active, expires_at }: Subscriber, nowMs: number) {
  if (!is_active) return <Badge>inactive</Badge>;
  if (expires_at === null) return <Badge tone="info">active</Badge>;
  const leftMs = Date.parse(expires_at) - nowMs;
  if (leftMs <= 0) return <Badge tone="bad">expired</Badge>;
  return leftMs <= soonMs ? <Badge tone="warn">expiring</Badge> : <Badge tone="info">active</Badge>;
}

/** Whether the account may be used, and whether it is. */
export function StateBadges({ subscriber }: { subscriber: Subscriber }) {
  return (
    <span className="inline-flex flex-wrap gap-1">
      {validity(subscriber, Date.now())}
      {subscriber.is_online ? <Badge tone="good">online</Badge> : null}
    </span>
  );
}
