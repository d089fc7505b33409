import { Tooltip } from 'radix-ui';
import { useId } from 'react';
import { Button, type ButtonProps } from './button.tsx';

interface WriteButtonProps extends Omit<ButtonProps, 'disabled' | 'title'> {
  /** Why nothing can be changed now, one sentence each; empty when it can. */
  reasons: readonly string[];
}

/**
 * A button that changes something. While nothing may be changed it stays reachable by keyboard, says why to a screen
 * reader, and shows it on hover and on focus: there are too many of them on a page to write a sentence beside each.
 */
export function WriteButton({ reasons, onClick, className = '', ...rest }: WriteButtonProps) {
  const id = useId();
  if (reasons.length === 0) return <Button {...rest} className={className} onClick={onClick} />;
  const why = reasons.join(' ');
  return (
    <span className="inline-flex">
      <Tooltip.Provider delayDuration={200}>
        <Tooltip.Root>
          <Tooltip.Trigger asChild>
            <Button
              {...rest}
              aria-disabled="true"
              aria-describedby={id}
              className={`aria-disabled:cursor-not-allowed aria-disabled:border-line aria-disabled:bg-sunken aria-disabled:text-muted aria-disabled:hover:bg-sunken ${className}`}
              onClick={(event) => {
                // Also keeps a form from being sent by Enter.
                event.preventDefault();
              }}
            />
          </Tooltip.Trigger>
          <Tooltip.Portal>
            <Tooltip.Content
              side="bottom"
              sideOffset={4}
              collisionPadding={8}
              className="z-60 max-w-72 rounded-md border border-line bg-surface p-2 text-sm text-ink shadow-lg"
            >
              {why}
            </Tooltip.Content>
          </Tooltip.Portal>
        </Tooltip.Root>
      </Tooltip.Provider>
      <span id={id} className="sr-only">
        {why}
      </span>
    </span>
  );
}
