import type { Operation } from '@proxpanel/contracts/operations';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner } from '../../ui/banner.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { wordText } from '../../ui/format.ts';
import { PhaseList } from '../../ui/phase-list.tsx';

const tones: Record<Operation['state'], Tone> = {
  running: 'info',
  completed: 'good',
  failed: 'bad',
  rolled_back: 'warn',
};

/** The phases of an operation and, once it has ended, its outcome in a sentence. */
export function OperationPhases({ operation }: { operation: Operation }) {
  return (
    <div className="flex flex-col gap-3">
      <PhaseList
        label={`Phases of ${wordText(operation.kind)}`}
        steps={operation.phases.map((phase, index) => ({
          key: `${String(index)} ${phase.name}`,
          name: wordText(phase.name),
          state: phase.state,
          detail: phase.detail,
        }))}
      />
      {operation.outcome === null ? null : (
        <Banner tone={tones[operation.state]} role="status">
          <p>{operation.outcome}</p>
        </Banner>
      )}
    </div>
  );
}

/** How long the report of an ended operation stays on the page by itself. */
const reportKeptMs = 15 * 60_000;

/** The running operation, or the report of the last one for a while after it ended. */
export function OperationCard({ operation, nowMs }: { operation: Operation; nowMs: number }) {
  const dismissed = useClusterPage((state) => state.dismissedOperationId);
  const dismiss = useClusterPage((state) => state.dismissOperation);
  const ended = operation.state !== 'running';
  const old = operation.finished_at !== null && nowMs - Date.parse(operation.finished_at) > reportKeptMs;
  if (ended && (old || dismissed === operation.id)) return null;
  return (
    <Card
      title={wordText(operation.kind)}
      aside={<Badge tone={tones[operation.state]}>{operation.state.replace('_', ' ')}</Badge>}
    >
      <OperationPhases operation={operation} />
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
