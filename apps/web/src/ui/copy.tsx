import { useEffect, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { copyText } from './clipboard.ts';

type CopyState = 'idle' | 'copied' | 'refused';

const words: Record<CopyState, string> = { idle: 'Copy', copied: 'Copied', refused: 'Select it and press Ctrl+C' };

/** Copies `text`; `what` completes the button's name: "Copy the command". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<CopyState>('idle');
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (state === 'idle') return undefined;
    const timer = window.setTimeout(() => {
      setState('idle');
    }, 4_000);
    return () => {
      window.clearTimeout(timer);
    };
  }, [state]);
  return (
    <Button
      ref={button}
      onClick={(event) => {
        void copyText(text, event.currentTarget).then((copied) => {
          setState(copied ? 'copied' : 'refused');
        });
      }}
    >
      <span aria-live="polite">{words[state]}</span>
      {state === 'idle' ? <span className="sr-only">{what}</span> : null}
    </Button>
  );
}

/** One line to paste into a shell or a file, with its Copy button. */
export function CommandLine({ command, what = 'the command' }: { command: string; what?: string }) {
  return (
    <div className="flex items-stretch gap-2">
      <code
        tabIndex={0}
        className="min-w-0 flex-1 overflow-x-auto rounded-md border border-line bg-sunken px-3 py-2 font-mono text-sm whitespace-pre text-ink"
      >
        {command}
      </code>
      <CopyButton text={command} what={what} />
    </div>
  );
}
