import type { ArbiterStatus, ClusterStatus } from '@proxpanel/contracts/status';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card, Fact } from '../../ui/card.tsx';
import { durationText } from '../../ui/format.ts';

const states: Record<ArbiterStatus['state'], { tone: Tone; word: string }> = {
  ok: { tone: 'good', word: 'answers' },
  away: { tone: 'bad', word: 'away' },
  forgetful: { tone: 'bad', word: 'has lost its data' },
};

interface ArbiterProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** The third vote: who holds main's lease, and on main how long writes may go on without a renewal (SAFETY §3). */
export function ArbiterCard({ status, nowMs }: ArbiterProps) {
  const { arbiter } = status;
  if (arbiter === null) return null;
  const holder = status.nodes.find((node) => node.id === arbiter.lease_node_id);
  const { tone, word } = states[arbiter.state];
  return (
    <Card title="Arbiter" aside={<Badge tone={tone}>{word}</Badge>}>
      <p className="mb-3">{arbiter.sentence}</p>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3">
        <Fact label="Main’s lease is held by">
          {arbiter.lease_node_id === null
            ? 'nobody'
            : (holder?.display_name ?? `server ${String(arbiter.lease_node_id)}`)}
        </Fact>
        <Fact label="A lease lasts">{durationText(arbiter.lease_ttl_ms)}</Fact>
        {arbiter.deadline_in_ms === null ? null : (
          <Fact label="Writes go on without a renewal">
            {deadlineText(arbiter.deadline_in_ms, nowMs - Date.parse(status.as_of))}
          </Fact>
        )}
        {arbiter.guard_alive === null ? null : (
          <Fact label="Guard beside PostgreSQL">
            <Badge tone={arbiter.guard_alive ? 'good' : 'bad'}>
              {arbiter.guard_alive ? 'lives' : 'is not running'}
            </Badge>
          </Fact>
        )}
      </dl>
    </Card>
  );
}

/** Counted on from the last poll. What this page does not know is whether it was renewed since. */
function deadlineText(deadlineInMs: number, ageMs: number): string {
  const leftMs = deadlineInMs - Math.max(0, ageMs);
  if (leftMs <= 0) return 'no longer, unless it was renewed since';
  return `for about ${durationText(Math.ceil(leftMs / 1_000) * 1_000)}`;
}
