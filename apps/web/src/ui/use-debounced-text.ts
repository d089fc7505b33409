import { useEffect, useRef, useState } from 'react';

const waitMs = 300;

/**
 * What is typed into a field whose value is used only when the typing pauses: `commit` gets it then, or when the field is
 * left (the third of the results), whichever is first: a commit that came after a click on a link would undo the click. A
 * `value` that was set from elsewhere, e.g. by a link, takes the place of what was typed.
 */
export function useDebouncedText(
  value: string,
  commit: (text: string) => void,
): [string, (text: string) => void, () => void] {
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    setTyped(value);
  }
  const newestCommit = useRef(commit);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => {
    newestCommit.current = commit;
  });
  useEffect(() => {
    if (typed === value) return undefined;
    timer.current = window.setTimeout(() => {
      newestCommit.current(typed);
    }, waitMs);
    return () => {
      window.clearTimeout(timer.current);
    };
  }, [typed, value]);
  const commitNow = (): void => {
    window.clearTimeout(timer.current);
    if (typed !== value) commit(typed);
  };
  return [typed, setTyped, commitNow];
}
