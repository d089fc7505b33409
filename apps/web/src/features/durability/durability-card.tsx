import type { ClusterStatus, DurabilityStatus } from '@proxpanel/contracts/status';
import { blockedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Banner } from '../../ui/banner.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { dateTimeText, durationText } from '../../ui/format.ts';

const tones: Record<DurabilityStatus['state'], Tone> = {
  async: 'neutral',
  sync: 'good',
  degraded: 'warn',
  stalled: 'bad',
  unknown: 'neutral',
};

const meanings: Record<DurabilityStatus['wanted'], string> = {
  async: 'A write is acknowledged when the main server has it; its last moments may be lost with it.',
  sync: 'A write is acknowledged only when a secondary has it too.',
};

interface DurabilityProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** What an acknowledged write is worth now, and the ways to change that (SAFETY §4 "Durability"). */
export function DurabilityCard({ status, nowMs }: DurabilityProps) {
  const open = useClusterPage((state) => state.open);
  const { durability, actions } = status;
  if (durability === null) return null;
  return (
    <Card title="Durability" aside={<Badge tone={tones[durability.state]}>{durability.state}</Badge>}>
      <div className="flex flex-col gap-3">
        <p className="text-muted">{meanings[durability.wanted]}</p>
        <State durability={durability} nowMs={nowMs} />
        <div className="flex flex-wrap items-start gap-2">
          <ReasonedButton
            reasons={blockedBy(actions.change_settings)}
            onClick={() => {
              open({ kind: 'settings', durability: durability.wanted === 'sync' ? 'async' : 'sync' });
            }}
          >
            {durability.wanted === 'sync' ? 'Switch to async' : 'Switch to sync'}
          </ReasonedButton>
          {durability.state === 'stalled' || actions.allow_async.allowed ? (
            <ReasonedButton
              kind="danger"
              reasons={blockedBy(actions.allow_async)}
              onClick={() => {
                open({ kind: 'allow_async' });
              }}
            >
              Allow async
            </ReasonedButton>
          ) : null}
        </div>
      </div>
    </Card>
  );
}

function State({ durability, nowMs }: { durability: DurabilityStatus; nowMs: number }) {
  const since =
    durability.since === null ? null : (
      <span className="text-sm" title={dateTimeText(durability.since)}>
        So for {durationText(nowMs - Date.parse(durability.since))}.
      </span>
    );
  if (durability.state === 'degraded' || durability.state === 'stalled') {
    return (
      <Banner tone={tones[durability.state]}>
        <p>
          {durability.sentence} {since}
        </p>
      </Banner>
    );
  }
  return (
    <p>
      {durability.sentence} {since}
    </p>
  );
}
