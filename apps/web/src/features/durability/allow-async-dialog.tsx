import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useState } from 'react';
import { toast } from 'sonner';
import { useAllowAsync } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { blockedBy, refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';

/** Lets main write on without its synchronous standby, once the admin has named what that may cost (SAFETY §4). */
export function AllowAsyncDialog({ status }: { status: ClusterStatus }) {
  const close = useClusterPage((state) => state.close);
  const allow = useAllowAsync(() => {
    toast.success('Writes go on without the secondary.');
    close();
  });
  const [name, setName] = useState('');
  // It is main's name that is asked for: the call runs there, from whichever page it is made.
  const wanted = status.nodes.find((node) => node.is_main)?.display_name ?? status.server.display_name ?? '';
  const missing = name.trim() === wanted ? [] : ['Type the display name first.'];
  return (
    <Dialog
      title="Allow async"
      description="Writes go on at once without waiting for a secondary. The server returns to sync by itself when a secondary has caught up."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="danger"
            busy={allow.isPending}
            reasons={[...blockedBy(status.actions.allow_async), ...missing]}
            onClick={() => {
              allow.mutate({ confirm: name.trim() });
            }}
          >
            Allow async
          </ReasonedButton>
        </>
      }
    >
      <Banner tone="bad">
        <p>
          From then on acknowledged writes may be lost: if this main server is lost before a secondary has caught up,
          what it acknowledged meanwhile is gone.
        </p>
      </Banner>
      <TextField
        label={`Type the display name “${wanted}” to confirm`}
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      {allow.isError ? <Failure sentence={sentenceOf(allow.error)} reasons={refusedBy(allow.error)} /> : null}
    </Dialog>
  );
}
