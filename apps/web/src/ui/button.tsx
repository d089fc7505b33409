import { useId, type ComponentProps, type ReactNode } from 'react';

export type ButtonKind = 'primary' | 'plain' | 'danger' | 'quiet';

const kinds: Record<ButtonKind, string> = {
  primary: 'bg-accent text-on-accent border-transparent enabled:hover:bg-accent-hover',
  plain: 'bg-surface text-ink border-line-strong enabled:hover:bg-sunken',
  danger: 'bg-bad text-on-bad border-transparent enabled:hover:bg-bad-hover',
  quiet: 'bg-transparent text-accent border-transparent enabled:hover:bg-sunken',
};

const base =
  'inline-flex items-center justify-center gap-2 rounded-md border text-sm font-medium ' +
  'whitespace-nowrap disabled:cursor-not-allowed disabled:border-line disabled:bg-sunken disabled:text-muted';

export function buttonClass(kind: ButtonKind, compact = false): string {
  return `${base} ${compact ? 'min-h-8 px-2.5 py-1' : 'min-h-9 px-3.5 py-1.5'} ${kinds[kind]}`;
}

export interface ButtonProps extends ComponentProps<'button'> {
  kind?: ButtonKind;
  /** Shows that the action is under way and takes no second press. */
  busy?: boolean;
  /** A little smaller, for the rows of a table. */
  compact?: boolean;
}

export function Button(props: ButtonProps) {
  const { kind = 'plain', busy = false, compact = false, className = '', children, disabled, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={`${buttonClass(kind, compact)} ${className}`}
    >
      {busy ? <Spinner /> : null}
      {children}
    </button>
  );
}

export function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="inline-block size-3.5 animate-spin rounded-full border-2 border-current border-t-transparent"
    />
  );
}

interface ReasonedButtonProps extends ButtonProps {
  /** Why the action cannot be used now, one sentence each; empty when it can (DESIGN §9: reasons, not booleans). */
  reasons: readonly string[];
  /** On which side the sentence stands under the button; `end` in the foot of a dialog. */
  align?: 'start' | 'end';
}

/** A button that says beside itself why it is disabled. */
export function ReasonedButton({ reasons, disabled, align = 'start', ...rest }: ReasonedButtonProps) {
  const id = useId();
  const blocked = reasons.length > 0;
  return (
    <div className={`flex flex-col gap-1 ${align === 'end' ? 'items-end text-right' : 'items-start'}`}>
      <Button {...rest} disabled={disabled === true || blocked} aria-describedby={blocked ? id : undefined} />
      {blocked ? (
        <p id={id} className="max-w-prose text-sm text-muted">
          {reasons.join(' ')}
        </p>
      ) : null}
    </div>
  );
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  'aria-label': string;
  reasons: readonly string[];
  children: ReactNode;
}

/**
 * A small button, such as "×". Disabled, it stays reachable by keyboard and shows its reasons on hover and on focus: there
 * is no room for a sentence beside it.
 */
export function IconButton({ reasons, onClick, children, ...rest }: IconButtonProps) {
  const id = useId();
  const blocked = reasons.length > 0;
  return (
    <span className="group relative inline-flex">
      <button
        type="button"
        {...rest}
        aria-disabled={blocked || undefined}
        aria-describedby={blocked ? id : undefined}
        onClick={blocked ? undefined : onClick}
        className="inline-flex size-8 items-center justify-center rounded-md text-xl leading-none text-muted not-aria-disabled:hover:bg-bad-soft not-aria-disabled:hover:text-bad aria-disabled:cursor-not-allowed aria-disabled:text-line-strong"
      >
        {children}
      </button>
      {blocked ? (
        <span
          id={id}
          role="tooltip"
          className="invisible absolute top-full right-0 z-20 mt-1 w-64 rounded-md border border-line bg-surface p-2 text-left text-sm text-ink shadow-lg group-focus-within:visible group-hover:visible"
        >
          {reasons.join(' ')}
        </span>
      ) : null}
    </span>
  );
}
