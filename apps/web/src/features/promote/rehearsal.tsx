import type { RehearseReply } from '@proxpanel/contracts/change-of-main';
import type { Availability } from '@proxpanel/contracts/nodes';
import { useRehearse } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { blockedBy, refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner, Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { CheckList } from '../../ui/check-list.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { measuredText, wordText } from '../../ui/format.ts';

interface RehearsalProps {
  rehearse: ReturnType<typeof useRehearse>;
  availability: Availability;
}

/** The button that rehearses, and what came of it: nothing is changed by it (SAFETY §1 "Preflight"). */
export function Rehearsal({ rehearse, availability }: RehearsalProps) {
  return (
    <div className="flex flex-col gap-3">
      <ReasonedButton
        reasons={blockedBy(availability)}
        busy={rehearse.isPending}
        onClick={() => {
          rehearse.mutate();
        }}
      >
        {rehearse.data === undefined ? 'Rehearse' : 'Rehearse again'}
      </ReasonedButton>
      {rehearse.isError ? <Failure sentence={sentenceOf(rehearse.error)} reasons={refusedBy(rehearse.error)} /> : null}
      {rehearse.data === undefined || rehearse.isPending ? null : <Outcome reply={rehearse.data} />}
    </div>
  );
}

function Outcome({ reply }: { reply: RehearseReply }) {
  const gap =
    reply.estimated_gap_ms === null
      ? 'How long writes would pause cannot be told.'
      : `Writes would pause for about ${measuredText(reply.estimated_gap_ms)}.`;
  return (
    <>
      <Banner tone={reply.ok ? 'good' : 'bad'} role="status">
        <p>
          {reply.ok ? `Both servers are ready for a planned switchover. ${gap}` : 'A switchover would be refused now.'}
        </p>
      </Banner>
      <CheckList checks={reply.checks.map((check) => ({ ...check, key: check.name, title: wordText(check.name) }))} />
    </>
  );
}

/** Rehearses a switchover without going on to one. */
export function RehearseDialog({ availability }: { availability: Availability }) {
  const close = useClusterPage((state) => state.close);
  const rehearse = useRehearse();
  return (
    <Dialog
      title="Rehearse a switchover"
      description="Everything that a planned switchover checks is checked, on both servers. Nothing is changed, and writes go on."
      wide
      onClose={close}
      footer={<Button onClick={close}>Close</Button>}
    >
      <Rehearsal rehearse={rehearse} availability={availability} />
    </Dialog>
  );
}
