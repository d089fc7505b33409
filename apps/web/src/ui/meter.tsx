import { percentText } from './format.ts';

interface ProgressBarProps {
  label: string;
  /** 0–100; null when it cannot be told yet. */
  percent: number | null;
  text: string;
}

/** How far something is. */
export function ProgressBar({ label, percent, text }: ProgressBarProps) {
  return (
    <div className="mt-1 flex items-center gap-3">
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent ?? undefined}
        aria-valuetext={text}
        className="h-2 min-w-24 flex-1 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={`h-full rounded-full bg-accent transition-[width] ${percent === null ? 'animate-pulse' : ''}`}
          style={{ width: `${String(percent ?? 100)}%` }}
        />
      </div>
      <span className="text-sm whitespace-nowrap text-muted">{text}</span>
    </div>
  );
}

function meterColour(percent: number): string {
  if (percent >= 90) return 'bg-bad';
  return percent >= 75 ? 'bg-warn' : 'bg-accent';
}

/** A measured share, 0–100 %. Not known is said, and its bar stays empty. */
export function Meter({ label, percent }: { label: string; percent: number | null }) {
  return (
    <div>
      <div className="flex justify-between gap-1 text-xs sm:text-sm">
        <span className="text-muted">{label}</span>
        <span className="whitespace-nowrap">{percentText(percent)}</span>
      </div>
      {percent === null ? (
        <div className="mt-1 h-1.5 rounded-full border border-dashed border-line" />
      ) : (
        <div
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent}
          aria-valuetext={percentText(percent)}
          className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken"
        >
          <div className={`h-full rounded-full ${meterColour(percent)}`} style={{ width: `${String(percent)}%` }} />
        </div>
      )}
    </div>
  );
}
