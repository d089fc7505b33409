import { useState } from 'react';
import { toast } from 'sonner';
import { useHold } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Choice, TextField } from '../../ui/field.tsx';
import { dateTimeText } from '../../ui/format.ts';

const minuteMs = 60_000;
const durations = [
  { label: '30 minutes', ms: 30 * minuteMs },
  { label: '2 hours', ms: 120 * minuteMs },
  { label: '8 hours', ms: 480 * minuteMs },
] as const;

/** Suspends automatic failover for a while, with a reason that every admin sees. `nowMs` is the server's time. */
export function HoldDialog({ nowMs }: { nowMs: number }) {
  const close = useClusterPage((state) => state.close);
  const hold = useHold(() => {
    toast.success('Automatic failover is on hold.');
    close();
  });
  const [durationMs, setDurationMs] = useState<number>(durations[0].ms);
  const [reason, setReason] = useState('');
  const endOf = (ms: number): string => new Date(nowMs + ms).toISOString();
  return (
    <Dialog
      title="Hold automatic failover"
      description="No server promotes itself while the hold lasts. It ends by itself; Promote to Main stays possible."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="primary"
            busy={hold.isPending}
            reasons={reason.trim() === '' ? ['Say why first.'] : []}
            onClick={() => {
              hold.mutate({ until: endOf(durationMs), reason: reason.trim() });
            }}
          >
            Hold
          </ReasonedButton>
        </>
      }
    >
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-2 text-sm font-medium">For how long?</legend>
        {durations.map(({ label, ms }) => (
          <Choice
            key={ms}
            name="hold_duration"
            label={label}
            explanation={`Until ${dateTimeText(endOf(ms))}`}
            checked={durationMs === ms}
            onChange={() => {
              setDurationMs(ms);
            }}
          />
        ))}
      </fieldset>
      <TextField
        label="Reason"
        hint="Stands on every server’s page and in the event list."
        maxLength={500}
        value={reason}
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
      {hold.isError ? <Failure sentence={sentenceOf(hold.error)} reasons={refusedBy(hold.error)} /> : null}
    </Dialog>
  );
}
