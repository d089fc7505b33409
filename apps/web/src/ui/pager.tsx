import { useState } from 'react';
import { Button } from './button.tsx';
import { inputClass } from './field.tsx';

export interface CursorPages {
  /** Of the page that is shown; undefined for the first. */
  cursor: string | undefined;
  /** From 1. */
  page: number;
  goOn: (next: string) => void;
  goBack: () => void;
}

/**
 * Where in a keyset list the reader is: the cursors of the pages before, so that "Previous" leads back through them.
 * Another `list` (other filters, another order) begins at its first page.
 */
export function useCursorPages(list: string): CursorPages {
  const [place, setPlace] = useState<{ list: string; cursors: readonly string[] }>({ list, cursors: [] });
  const cursors = place.list === list ? place.cursors : [];
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    goOn: (next) => {
      setPlace({ list, cursors: [...cursors, next] });
    },
    goBack: () => {
      setPlace({ list, cursors: cursors.slice(0, -1) });
    },
  };
}

interface PagerProps {
  pages: CursorPages;
  /** Cursor of the page that follows; null at the end. */
  next: string | null;
  busy: boolean;
  size?: { value: number; choices: readonly number[]; onChange: (size: number) => void };
}

/** Previous, Next, and how many rows a page has. Nothing at all where everything is on one page. */
export function Pager({ pages, next, busy, size }: PagerProps) {
  if (pages.page === 1 && next === null && size === undefined) return null;
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center gap-2 text-sm">
      <Button disabled={pages.page === 1} onClick={pages.goBack}>
        Previous
      </Button>
      <span>Page {pages.page}</span>
      <Button
        busy={busy}
        disabled={next === null}
        onClick={() => {
          if (next !== null) pages.goOn(next);
        }}
      >
        Next
      </Button>
      {size === undefined ? null : (
        <label className="ml-auto flex items-center gap-2">
          <span className="text-muted">Rows</span>
          <select
            className={`${inputClass} w-auto`}
            value={size.value}
            onChange={(event) => {
              size.onChange(Number(event.currentTarget.value));
            }}
          >
            {size.choices.map((choice) => (
              <option key={choice} value={choice}>
                {choice}
              </option>
            ))}
          </select>
        </label>
      )}
    </nav>
  );
}
