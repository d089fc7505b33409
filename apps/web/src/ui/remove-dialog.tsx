import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { FormFault, type ShownFault } from './form-fault.tsx';
import { WriteButton } from './write-button.tsx';

interface RemoveDialogProps {
  /** What is removed, e.g. `the service "Gold"`. */
  what: string;
  /** What that does. */
  description: ReactNode;
  busy: boolean;
  reasons: readonly string[];
  fault: ShownFault | null;
  onRemove: () => void;
  onClose: () => void;
}

/** Asks before something is removed. */
export function RemoveDialog({ what, description, busy, reasons, fault, onRemove, onClose }: RemoveDialogProps) {
  return (
    <Dialog
      title={`Remove ${what}?`}
      description={description}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <WriteButton kind="danger" busy={busy} reasons={reasons} onClick={onRemove}>
            Remove
          </WriteButton>
        </>
      }
    >
      <FormFault fault={fault} />
    </Dialog>
  );
}
