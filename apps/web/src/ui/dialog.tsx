import { Dialog as Primitive } from 'radix-ui';
import { useState, type ReactNode } from 'react';

interface DialogProps {
  title: string;
  /** What it is about, in one or two sentences; read out when the dialog opens. */
  description: ReactNode;
  onClose: () => void;
  children?: ReactNode;
  /** The buttons; the safe one first. */
  footer: ReactNode;
  /** False keeps the dialog open against Escape and clicks beside it. */
  closable?: boolean;
  /** Leaves the focus on the dialog itself: where the first field is not to be typed into. */
  focusSelf?: boolean;
  wide?: boolean;
}

/** A modal dialog. It is shown as long as it is rendered; then the focus goes back to where it was opened. */
export function Dialog({
  title,
  description,
  onClose,
  children,
  footer,
  closable = true,
  focusSelf = false,
  wide = false,
}: DialogProps) {
  const [opener] = useState(() => document.activeElement);
  const holdOpen = (event: Event): void => {
    if (!closable) event.preventDefault();
  };
  return (
    <Primitive.Root
      open
      onOpenChange={(open) => {
        if (!open && closable) onClose();
      }}
    >
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Primitive.Content
          onOpenAutoFocus={(event) => {
            if (!focusSelf) return;
            event.preventDefault();
            (event.currentTarget as HTMLElement | null)?.focus();
          }}
          onCloseAutoFocus={(event) => {
            // The library knows its own trigger alone, and our dialogs have none: they stand apart from their buttons.
            event.preventDefault();
            const there = opener instanceof HTMLElement && opener.isConnected ? opener : document.querySelector('main');
            there?.focus();
          }}
          onEscapeKeyDown={holdOpen}
          onInteractOutside={(event) => {
            // A click beside a dialog is too easily made; Escape and its buttons close it.
            event.preventDefault();
          }}
          className={`fixed top-1/2 left-1/2 z-50 flex max-h-[92dvh] w-[calc(100vw-1.5rem)] -translate-x-1/2 -translate-y-1/2 flex-col overflow-y-auto rounded-lg border border-line bg-surface shadow-xl outline-none ${wide ? 'max-w-3xl' : 'max-w-xl'}`}
        >
          {/* The buttons scroll along inside, held at the foot, so that arrow keys scroll while one of them has the focus. */}
          <div className="flex flex-col gap-4 p-5">
            <div className="flex flex-col gap-1.5">
              <Primitive.Title className="text-lg font-semibold">{title}</Primitive.Title>
              <Primitive.Description asChild>
                <div className="text-muted">{description}</div>
              </Primitive.Description>
            </div>
            {children}
          </div>
          <div className="sticky bottom-0 flex flex-wrap items-start justify-end gap-2 border-t border-line bg-surface px-5 py-3">
            {footer}
          </div>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
