import { Badge, type Tone } from './badge.tsx';

export interface Check {
  key: string;
  title: string;
  ok: boolean;
  /** Passed, with something to know. */
  warning: boolean;
  detail: string;
  /** What to do about it. */
  fix?: string | null;
  /** Beside the title, e.g. a round trip. */
  aside?: string | null;
}

function verdict(check: Check): { tone: Tone; word: string } {
  if (!check.ok) return { tone: 'bad', word: 'failed' };
  return check.warning ? { tone: 'warn', word: 'warning' } : { tone: 'good', word: 'ok' };
}

/** A line per check, the verdict in a word before it. */
export function CheckList({ checks, label = 'Checks' }: { checks: readonly Check[]; label?: string }) {
  return (
    <ul aria-label={label} className="flex flex-col divide-y divide-line">
      {checks.map((check) => (
        <CheckLine key={check.key} check={check} />
      ))}
    </ul>
  );
}

function CheckLine({ check }: { check: Check }) {
  const { tone, word } = verdict(check);
  const { aside = null, fix = null } = check;
  return (
    <li className="flex gap-3 py-2.5">
      <span className="w-18 shrink-0">
        <Badge tone={tone}>{word}</Badge>
      </span>
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          {check.title}
          {aside === null ? null : <span className="ml-2 text-sm font-normal text-muted">{aside}</span>}
        </p>
        <p className="break-words text-muted">{check.detail}</p>
        {fix === null ? null : <p className="break-words">What to do: {fix}</p>}
      </div>
    </li>
  );
}
