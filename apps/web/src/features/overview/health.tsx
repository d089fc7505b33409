import type { ClusterStatus, Indicator } from '@proxpanel/contracts/status';
import { Card } from '../../ui/card.tsx';

function mark(ok: boolean | null): { sign: string; colour: string; word: string } {
  if (ok === null) return { sign: '?', colour: 'text-muted', word: 'unknown' };
  return ok ? { sign: '✓', colour: 'text-good', word: 'ok' } : { sign: '!', colour: 'text-bad', word: 'not ok' };
}

/** The runbook's indicators (DESIGN §8) and the promises that hold now (SAFETY §6). */
export function Health({ status }: { status: ClusterStatus }) {
  const promises = status.cluster?.promises ?? [];
  const off = status.indicators.some((indicator) => indicator.ok === false);
  if (status.indicators.length === 0 && promises.length === 0) return null;
  return (
    <Card title="Health">
      <div className="grid gap-5 md:grid-cols-2">
        <div>
          <ul aria-label="Indicators" className="flex flex-col gap-1.5">
            {status.indicators.map((indicator) => (
              <Line key={`${indicator.name} ${String(indicator.node_id)}`} indicator={indicator} />
            ))}
          </ul>
          {off ? <p className="mt-3 font-medium text-bad">Do not fail over until you understand why.</p> : null}
        </div>
        {promises.length === 0 ? null : (
          <div>
            <h3 className="mb-1.5 text-sm font-medium text-muted">What holds now</h3>
            <ul className="flex list-disc flex-col gap-1 pl-5">
              {promises.map((promise) => (
                <li key={promise}>{promise}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Card>
  );
}

function Line({ indicator }: { indicator: Indicator }) {
  const { sign, colour, word } = mark(indicator.ok);
  return (
    <li className="flex gap-2.5">
      <span aria-hidden="true" className={`w-4 shrink-0 text-center font-bold ${colour}`}>
        {sign}
      </span>
      <span>
        <span className="sr-only">{word}: </span>
        {indicator.sentence}
      </span>
    </li>
  );
}
