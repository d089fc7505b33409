import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useState } from 'react';
import { useClaimMain } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { blockedBy, refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';

/** A person's word that no other main exists; the name is always typed, because nothing can check it (SAFETY §3). */
export function ClaimMainDialog({ status }: { status: ClusterStatus }) {
  const close = useClusterPage((state) => state.close);
  // What follows is an operation, and stands at the top of the page.
  const claim = useClaimMain(close);
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const wanted = status.server.display_name ?? '';
  const missing = name.trim() === wanted ? [] : ['Type the display name first.'];
  return (
    <Dialog
      title="I am the only main"
      description="This server takes writes again at once, on your word that no other server is main."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="danger"
            busy={claim.isPending}
            reasons={[...blockedBy(status.actions.claim_main), ...missing]}
            onClick={() => {
              claim.mutate({ confirm: name.trim(), ...(reason.trim() === '' ? {} : { reason: reason.trim() }) });
            }}
          >
            I am the only main
          </ReasonedButton>
        </>
      }
    >
      <Banner tone="bad">
        <p>
          If another server has become main meanwhile, there are two, each with rows that the other lacks. When they
          meet, writes are shut and you have to choose whose rows stay. Look at the other servers first.
        </p>
      </Banner>
      <TextField
        label={`Type the display name “${wanted}” to confirm`}
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      <TextField
        label="Reason (optional)"
        hint="Stands in the event list."
        maxLength={500}
        value={reason}
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
      {claim.isError ? <Failure sentence={sentenceOf(claim.error)} reasons={refusedBy(claim.error)} /> : null}
    </Dialog>
  );
}
