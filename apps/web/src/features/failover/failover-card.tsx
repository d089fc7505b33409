import type { ClusterStatus, FailoverStatus } from '@proxpanel/contracts/status';
import { useAcknowledgeFailover, useEndHold } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { blockedBy, refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Banner, Failure } from '../../ui/banner.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { agoText, dateTimeText, durationText } from '../../ui/format.ts';

/** Reasons that say no more than that main lives: with these alone all is well, and it would act when they end. */
const signsOfLife: ReadonlySet<string> = new Set([
  'wal_flows',
  'main_answers',
  'main_database_answers',
  'main_not_silent_long_enough',
  'lease_held',
]);

interface FailoverProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** Automatic failover as this server sees it: armed or why not, the countdown, the hold, the last one (SAFETY §4). */
export function FailoverCard({ status, nowMs }: FailoverProps) {
  const { failover } = status;
  if (failover === null) return null;
  const { tone, word } = standing(status, failover, nowMs);
  return (
    <Card title="Automatic failover" aside={<Badge tone={tone}>{word}</Badge>}>
      <div className="flex flex-col gap-4">
        <p>{failover.sentence}</p>
        <Countdown failover={failover} asOfMs={Date.parse(status.as_of)} nowMs={nowMs} />
        <Blockers failover={failover} />
        <Hold status={status} nowMs={nowMs} />
        <LastFailover status={status} nowMs={nowMs} />
      </div>
    </Card>
  );
}

/** The hold that counts now: one whose end has passed holds nothing. */
function holdNow(failover: FailoverStatus, nowMs: number): FailoverStatus['hold'] {
  return failover.hold !== null && Date.parse(failover.hold.until) > nowMs ? failover.hold : null;
}

function standing(status: ClusterStatus, failover: FailoverStatus, nowMs: number): { tone: Tone; word: string } {
  if (holdNow(failover, nowMs) !== null) return { tone: 'warn', word: 'on hold' };
  if (status.cluster?.settings.auto_failover === false) return { tone: 'neutral', word: 'switched off' };
  if (failover.armed) return { tone: failover.countdown_ms === null ? 'good' : 'warn', word: 'armed' };
  return failover.blockers.every((blocker) => signsOfLife.has(blocker.code))
    ? { tone: 'good', word: 'ready' }
    : { tone: 'warn', word: 'blocked' };
}

interface CountdownProps {
  failover: FailoverStatus;
  asOfMs: number;
  nowMs: number;
}

/** Ticks by this page's clock between two polls, so it says "about". */
function Countdown({ failover, asOfMs, nowMs }: CountdownProps) {
  if (failover.countdown_ms === null) return null;
  const leftMs = Math.max(0, failover.countdown_ms - Math.max(0, nowMs - asOfMs));
  return (
    <Banner tone="warn">
      <p role="timer" className="font-medium">
        {leftMs === 0
          ? 'A failover is due now.'
          : // Rounded up, so that it says "0 s" at no time.
            `A failover begins in about ${durationText(Math.ceil(leftMs / 1_000) * 1_000)}.`}
      </p>
    </Banner>
  );
}

function Blockers({ failover }: { failover: FailoverStatus }) {
  if (failover.blockers.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium text-muted">Why it would not act now</h3>
      <ul aria-label="Why automatic failover would not act now" className="list-disc pl-5">
        {failover.blockers.map((blocker) => (
          <li key={blocker.code}>{blocker.sentence}</li>
        ))}
      </ul>
    </div>
  );
}

function Hold({ status, nowMs }: FailoverProps) {
  const open = useClusterPage((state) => state.open);
  const end = useEndHold();
  const hold = status.failover === null ? null : holdNow(status.failover, nowMs);
  return (
    <div className="flex flex-col gap-2">
      {hold === null ? null : (
        <p>
          On hold until {dateTimeText(hold.until)} (for another {durationText(Date.parse(hold.until) - nowMs)}), set by{' '}
          {hold.actor}: {hold.reason}
        </p>
      )}
      <div className="flex flex-wrap items-start gap-2">
        <ReasonedButton
          reasons={blockedBy(status.actions.hold)}
          onClick={() => {
            open({ kind: 'hold' });
          }}
        >
          {hold === null ? 'Hold automatic failover' : 'Change the hold'}
        </ReasonedButton>
        {hold === null ? null : (
          <ReasonedButton
            reasons={blockedBy(status.actions.end_hold)}
            busy={end.isPending}
            onClick={() => {
              end.mutate(undefined);
            }}
          >
            End the hold
          </ReasonedButton>
        )}
      </div>
      {end.isError ? <Failure sentence={sentenceOf(end.error)} reasons={refusedBy(end.error)} /> : null}
    </div>
  );
}

function LastFailover({ status, nowMs }: FailoverProps) {
  const acknowledge = useAcknowledgeFailover();
  const last = status.failover?.last_failover ?? null;
  if (last === null) return null;
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-4">
      <p title={dateTimeText(last.at)}>
        The last automatic failover was {agoText(last.at, nowMs)} and began term {last.term}.{' '}
        {last.acknowledged
          ? 'It has been acknowledged.'
          : 'Until somebody acknowledges it, no other one happens within an hour of it.'}
      </p>
      {last.acknowledged ? null : (
        <ReasonedButton
          reasons={blockedBy(status.actions.acknowledge_failover)}
          busy={acknowledge.isPending}
          onClick={() => {
            acknowledge.mutate(undefined);
          }}
        >
          Acknowledge
        </ReasonedButton>
      )}
      {acknowledge.isError ? (
        <Failure sentence={sentenceOf(acknowledge.error)} reasons={refusedBy(acknowledge.error)} />
      ) : null}
    </div>
  );
}
