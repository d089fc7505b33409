import { useId, type ReactNode, type SubmitEvent } from 'react';
import { Banner } from './banner.tsx';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { FormFault, type ShownFault } from './form-fault.tsx';
import { WriteButton } from './write-button.tsx';

/** What was typed before a newer row replaced it, and what stands there now. */
export interface Replaced {
  label: string;
  typed: string;
  now: string;
}

interface FormDialogProps {
  title: string;
  description: ReactNode;
  /** The word on the button. */
  action: string;
  busy: boolean;
  /** Why it cannot be sent now; empty when it can. */
  reasons: readonly string[];
  fault: ShownFault | null;
  /** Somebody else has changed the row: the server's sentence, and the way to the newer one. */
  conflict?: { sentence: string; isLoading: boolean; loadNewer: () => void } | null;
  /** Set once the newer row has been loaded. */
  replaced?: readonly Replaced[] | null;
  wide?: boolean;
  onSubmit: (event: SubmitEvent<HTMLFormElement>) => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a dialog, with what the server said of it above its buttons. */
export function FormDialog(props: FormDialogProps) {
  const { title, description, action, busy, reasons, fault, conflict = null, replaced = null, wide = false } = props;
  const id = useId();
  return (
    <Dialog
      title={title}
      description={description}
      wide={wide}
      onClose={props.onClose}
      footer={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <WriteButton type="submit" form={id} kind="primary" busy={busy} reasons={reasons}>
            {action}
          </WriteButton>
        </>
      }
    >
      {replaced === null ? null : <ReplacedNotice replaced={replaced} />}
      <form id={id} noValidate className="flex flex-col gap-4" onSubmit={props.onSubmit}>
        {props.children}
      </form>
      {conflict === null ? null : (
        <Banner tone="warn" role="alert">
          <p>{conflict.sentence}</p>
          <p>The newer one replaces what you have typed here; you are then shown what that was.</p>
          <div>
            <Button busy={conflict.isLoading} onClick={conflict.loadNewer}>
              Load the newer one
            </Button>
          </div>
        </Banner>
      )}
      <FormFault fault={fault} />
    </Dialog>
  );
}

function ReplacedNotice({ replaced }: { replaced: readonly Replaced[] }) {
  return (
    <Banner tone="info" role="status">
      <p>This is the newer one. {replaced.length === 0 ? 'It has all that you had typed.' : 'You had typed:'}</p>
      {replaced.length === 0 ? null : (
        <ul className="list-disc pl-5">
          {replaced.map(({ label, typed, now }) => (
            <li key={label} className="break-words">
              {label}: “{typed}”, now “{now}”
            </li>
          ))}
        </ul>
      )}
    </Banner>
  );
}
