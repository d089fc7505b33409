import type { ReactNode } from 'react';
import type { Tone } from './badge.tsx';

const tones: Record<Tone, string> = {
  good: 'border-good/40 bg-good-soft text-good',
  warn: 'border-warn/40 bg-warn-soft text-warn',
  bad: 'border-bad/40 bg-bad-soft text-bad',
  info: 'border-info/40 bg-info-soft text-info',
  neutral: 'border-line bg-sunken text-ink',
};

interface BannerProps {
  tone: Tone;
  children: ReactNode;
  /** `alert` interrupts a screen reader, for the answer to something just done; `status` waits its turn. */
  role?: 'alert' | 'status' | undefined;
}

/** A sentence that stands out. */
export function Banner({ tone, children, role }: BannerProps) {
  return (
    <div role={role} className={`flex flex-col gap-2 rounded-md border px-4 py-2.5 ${tones[tone]}`}>
      {children}
    </div>
  );
}

/** What went wrong with an action, with its reasons below. */
export function Failure({ sentence, reasons = [] }: { sentence: string; reasons?: readonly string[] }) {
  return (
    <Banner tone="bad" role="alert">
      <p>{sentence}</p>
      {reasons.length === 0 ? null : (
        <ul className="list-disc pl-5">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </Banner>
  );
}
