import { useId, type ReactNode } from 'react';

interface CardProps {
  title: string;
  /** At the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A titled part of a page. */
export function Card({ title, aside, children }: CardProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-center justify-between gap-2 px-5 pt-4">
        <h2 id={id} className="text-base font-semibold">
          {title}
        </h2>
        {aside}
      </div>
      <div className="px-5 pt-3 pb-5">{children}</div>
    </section>
  );
}

interface FactProps {
  label: string;
  /** A longer form for the pointer, e.g. the absolute time. */
  title?: string | undefined;
  /** Takes two columns of the list. */
  wide?: boolean;
  children: ReactNode;
}

/** One line of a definition list. */
export function Fact({ label, title, wide = false, children }: FactProps) {
  return (
    <div className={wide ? 'col-span-2 min-w-0' : 'min-w-0'}>
      <dt className="text-sm text-muted">{label}</dt>
      <dd className="break-words" title={title}>
        {children}
      </dd>
    </div>
  );
}
