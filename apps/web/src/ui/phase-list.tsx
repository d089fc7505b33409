import type { ReactNode } from 'react';

export type StepState = 'pending' | 'running' | 'completed' | 'failed' | 'skipped';

export interface Step {
  key: string;
  name: string;
  state: StepState;
  detail: string | null;
  /** How long it took, or has been running. */
  took?: string | null;
  /** E.g. a progress bar. */
  extra?: ReactNode;
}

const marks: Record<StepState, { sign: string; colour: string; word: string }> = {
  pending: { sign: '○', colour: 'text-muted', word: 'not yet' },
  running: { sign: '●', colour: 'text-accent animate-pulse', word: 'running' },
  completed: { sign: '✓', colour: 'text-good', word: 'done' },
  failed: { sign: '✕', colour: 'text-bad', word: 'failed' },
  skipped: { sign: '–', colour: 'text-muted', word: 'skipped' },
};

/** The steps of something long, in their order, each with its state in a word. */
export function PhaseList({ steps, label }: { steps: readonly Step[]; label: string }) {
  return (
    <ol aria-label={label} className="flex flex-col gap-1.5">
      {steps.map((step) => (
        <li key={step.key} className="flex gap-2.5">
          <span aria-hidden="true" className={`w-4 shrink-0 text-center font-bold ${marks[step.state].colour}`}>
            {marks[step.state].sign}
          </span>
          <div className="min-w-0 flex-1">
            <span className={step.state === 'pending' ? 'text-muted' : ''}>{step.name}</span>
            <span className="ml-2 text-sm text-muted">{marks[step.state].word}</span>
            {step.took === undefined || step.took === null ? null : (
              <span className="ml-2 text-sm text-muted">{step.took}</span>
            )}
            {step.detail === null || step.detail === '' ? null : (
              <p className="text-sm break-words text-muted">{step.detail}</p>
            )}
            {step.extra}
          </div>
        </li>
      ))}
    </ol>
  );
}
