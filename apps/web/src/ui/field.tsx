import { useId, useState, type ComponentProps, type ReactNode } from 'react';
import { Button } from './button.tsx';

export const inputClass =
  'min-h-9 w-full rounded-md border border-line-strong bg-surface px-3 py-1.5 text-ink ' +
  'placeholder:text-muted aria-invalid:border-bad disabled:bg-sunken disabled:text-muted';

interface Described {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

interface Wiring {
  id: string;
  'aria-invalid': true | undefined;
  'aria-describedby': string | undefined;
}

function Frame({ label, hint, error, children }: Described & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const hintId = hint === undefined ? null : `${id}-hint`;
  const errorId = error === undefined ? null : `${id}-error`;
  const described = [hintId, errorId].filter((part) => part !== null).join(' ');
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({
        id,
        'aria-invalid': error === undefined ? undefined : true,
        'aria-describedby': described === '' ? undefined : described,
      })}
      {hintId === null ? null : (
        <p id={hintId} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {errorId === null ? null : (
        <p id={errorId} className="text-sm text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends Described, Omit<ComponentProps<'input'>, 'id'> {}

/** A labelled text field with its hint and its error sentence. */
export function TextField({ label, hint, error, className = '', ...input }: TextFieldProps) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          {...input}
          {...wiring}
          className={`${inputClass} ${className}`}
        />
      )}
    </Frame>
  );
}

interface SecretFieldProps extends TextFieldProps {
  /** At the right of Show, e.g. a Copy button. */
  beside?: ReactNode;
}

/** A labelled field for a secret, masked until Show is pressed. */
export function SecretField({ label, hint, error, beside, ...input }: SecretFieldProps) {
  const [shown, setShown] = useState(false);
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <div className="flex gap-2">
          <input
            autoComplete="off"
            spellCheck={false}
            {...input}
            {...wiring}
            type={shown ? 'text' : 'password'}
            className={`${inputClass} font-mono`}
          />
          <Button
            aria-pressed={shown}
            aria-controls={wiring.id}
            onClick={() => {
              setShown(!shown);
            }}
          >
            {shown ? 'Hide' : 'Show'}
          </Button>
          {beside}
        </div>
      )}
    </Frame>
  );
}

type SelectFieldProps = Described & Omit<ComponentProps<'select'>, 'id'>;

export function SelectField({ label, hint, error, children, ...select }: SelectFieldProps) {
  return (
    <Frame label={label} hint={hint} error={error}>
      {(wiring) => (
        <select {...select} {...wiring} className={inputClass}>
          {children}
        </select>
      )}
    </Frame>
  );
}

interface CheckFieldProps extends Omit<ComponentProps<'input'>, 'id' | 'type'> {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
}

/** A checkbox whose whole sentence can be clicked. */
export function CheckField({ label, hint, error, ...input }: CheckFieldProps) {
  const id = useId();
  const hintId = hint === undefined ? null : `${id}-hint`;
  const errorId = error === undefined ? null : `${id}-error`;
  const described = [hintId, errorId].filter((part) => part !== null).join(' ');
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="flex items-start gap-2.5">
        <input
          {...input}
          id={id}
          type="checkbox"
          aria-invalid={error === undefined ? undefined : true}
          aria-describedby={described === '' ? undefined : described}
          className="mt-1 size-4 shrink-0 accent-accent"
        />
        <span>{label}</span>
      </label>
      {hintId === null ? null : (
        <p id={hintId} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {errorId === null ? null : (
        <p id={errorId} className="text-sm text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps extends Omit<ComponentProps<'input'>, 'id' | 'type'> {
  label: string;
  explanation: ReactNode;
}

/** One way of several, with what it means. */
export function Choice({ label, explanation, ...input }: ChoiceProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5 rounded-md border border-line p-3 has-checked:border-accent">
      <input
        {...input}
        id={id}
        type="radio"
        aria-describedby={`${id}-more`}
        className="mt-1 size-4 shrink-0 accent-accent"
      />
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <p id={`${id}-more`} className="text-sm text-muted">
          {explanation}
        </p>
      </div>
    </div>
  );
}
