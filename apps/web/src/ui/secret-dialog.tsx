import { useEffect, useState, type ReactNode } from 'react';
import { Banner } from './banner.tsx';
import { Button } from './button.tsx';
import { CopyButton } from './copy.tsx';
import { Dialog } from './dialog.tsx';
import { CheckField, SecretField } from './field.tsx';

interface SecretDialogProps {
  secret: string;
  sentence: string;
  onClose: () => void;
  /** What belongs beside the secret, e.g. the pg_hba line. */
  children?: ReactNode;
}

/** Shows a secret once. It cannot be closed before "I have saved it" is ticked (DESIGN §6.1). */
export function SecretDialog({ secret, sentence, onClose, children }: SecretDialogProps) {
  const [saved, setSaved] = useState(false);
  useEffect(() => {
    if (saved) return undefined;
    const askBeforeUnload = (event: BeforeUnloadEvent): void => {
      event.preventDefault();
    };
    window.addEventListener('beforeunload', askBeforeUnload);
    return () => {
      window.removeEventListener('beforeunload', askBeforeUnload);
    };
  }, [saved]);
  return (
    <Dialog
      title="Save this secret now"
      description={sentence}
      closable={saved}
      wide
      focusSelf
      onClose={onClose}
      footer={
        <Button kind="primary" disabled={!saved} onClick={onClose} aria-describedby="secret-not-saved">
          Close
        </Button>
      }
    >
      <SecretField
        label="Cluster Secret"
        value={secret}
        readOnly
        beside={<CopyButton text={secret} what="the cluster secret" />}
      />
      <Banner tone="warn">
        <p>It is shown this once and cannot be read again. Keep it where you keep passwords.</p>
      </Banner>
      {children}
      <CheckField
        label="I have saved it"
        checked={saved}
        onChange={(event) => {
          setSaved(event.currentTarget.checked);
        }}
      />
      <p id="secret-not-saved" className="text-sm text-muted">
        {saved ? 'You can close this now.' : 'Close is possible once the box is ticked.'}
      </p>
    </Dialog>
  );
}
