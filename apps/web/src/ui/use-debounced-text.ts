import { useEffect, useRef, useState } from 'react';

const waitMs = 300;

/**
 * What is typed into a field whose value is used only when the typing pauses: `commit` gets it then. A `value` that was
 * set from elsewhere, e.g. by a link, takes the place of what was typed.
 */
export function useDebouncedText(value: string, commit: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    setTyped(value);
  }
  const newestCommit = useRef(commit);
  useEffect(() => {
    newestCommit.current = commit;
  });
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = window.setTimeout(() => {
      newestCommit.current(typed);
    }, waitMs);
    return () => {
      window.clearTimeout(timer);
    };
  }, [typed, value]);
  return [typed, setTyped];
}
