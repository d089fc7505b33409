import type { Operation, Phase } from '@proxpanel/contracts/operations';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner } from '../../ui/banner.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { dateTimeText, measuredText } from '../../ui/format.ts';
import { PhaseList } from '../../ui/phase-list.tsx';
import { grantSentence, operationName, operationStateWords, phaseName } from './operation-words.ts';

const tones: Record<Operation['state'], Tone> = {
  running: 'info',
  completed: 'good',
  failed: 'bad',
  rolled_back: 'warn',
};

interface OperationProps {
  operation: Operation;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** How long it took, or has been running; null before it began. */
function spanMs(started: string | null, finished: string | null, nowMs: number): number | null {
  if (started === null) return null;
  const startMs = Date.parse(started);
  // While it runs the page's clock advances by whole seconds, so less than one would be made up.
  return finished === null ? Math.floor(Math.max(0, nowMs - startMs) / 1_000) * 1_000 : Date.parse(finished) - startMs;
}

function tookText(phase: Phase, nowMs: number): string | null {
  if (phase.state === 'pending' || phase.state === 'skipped') return null;
  const ms = spanMs(phase.started_at, phase.finished_at, nowMs);
  return ms === null || (phase.finished_at === null && ms === 0) ? null : measuredText(ms);
}

/** The phases of an operation with their durations and, once it has ended, its outcome in a sentence. */
export function OperationPhases({ operation, nowMs }: OperationProps) {
  const grant = grantSentence(operation);
  const ms = spanMs(operation.started_at, operation.finished_at, nowMs);
  return (
    <div className="flex flex-col gap-3">
      {grant === null ? null : (
        <Banner tone={operation.granted ? 'warn' : 'neutral'} role="status">
          <p>{grant}</p>
        </Banner>
      )}
      <PhaseList
        label={`Phases of ${operationName(operation.kind)}`}
        steps={operation.phases.map((phase, index) => ({
          key: `${String(index)} ${phase.name}`,
          name: phaseName(phase.name),
          state: phase.state,
          detail: phase.detail,
          took: tookText(phase, nowMs),
        }))}
      />
      {operation.outcome === null ? null : (
        <Banner tone={tones[operation.state]} role="status">
          <p>{operation.outcome}</p>
        </Banner>
      )}
      {operation.finished_at === null ? null : (
        <p className="text-sm text-muted">
          Ended {dateTimeText(operation.finished_at)}, after {measuredText(ms)}.
        </p>
      )}
    </div>
  );
}

/** The running operation, or the report of the last one until somebody puts it away. */
export function OperationCard({ operation, nowMs }: OperationProps) {
  const dismissed = useClusterPage((state) => state.dismissedOperationId);
  const dismiss = useClusterPage((state) => state.dismissOperation);
  const ended = operation.state !== 'running';
  if (ended && dismissed === operation.id) return null;
  return (
    <Card
      title={operationName(operation.kind)}
      aside={<Badge tone={tones[operation.state]}>{operationStateWords[operation.state]}</Badge>}
    >
      <p className="mb-3 text-sm text-muted">
        Begun {dateTimeText(operation.started_at)} by {operation.actor}
        {operation.without_arbiter ? ', without the arbiter' : ''}
        {operation.reason === null || operation.reason === '' ? '.' : `: ${operation.reason}`}
      </p>
      <OperationPhases operation={operation} nowMs={nowMs} />
      {ended ? (
        <Button
          className="mt-3"
          onClick={() => {
            dismiss(operation.id);
          }}
        >
          Put this report away
        </Button>
      ) : null}
    </Card>
  );
}
