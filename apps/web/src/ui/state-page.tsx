import type { ReactNode } from 'react';

/** A page that has one thing to say: not found, not allowed, no answer. */
export function StatePage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-lg flex-col gap-3 py-16">
      <h1 className="text-2xl font-semibold">{title}</h1>
      {children}
    </div>
  );
}
