import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import { useDisband } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';

/** Dissolves the cluster after asking, and lists the slots that are left (DESIGN §7). */
export function DisbandDialog() {
  const disband = useDisband();
  const close = useClusterPage((state) => state.close);
  if (disband.data !== undefined) return <Disbanded reply={disband.data} onClose={close} />;
  return (
    <Dialog
      title="Disband Cluster"
      description="The cluster ends. Every server keeps its data, and this one goes on standing alone."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="danger"
            busy={disband.isPending}
            onClick={() => {
              disband.mutate(undefined);
            }}
          >
            Disband Cluster
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5">
        <li>Secondary servers stop their heartbeats and never promote themselves; their pages say so.</li>
        <li>Replication itself is left running until you stop it. The slots that are left are listed afterwards.</li>
        <li>There is no spare server from then on.</li>
      </ul>
      {disband.isError ? <Failure sentence={sentenceOf(disband.error)} /> : null}
    </Dialog>
  );
}

function Disbanded({ reply, onClose }: { reply: ReplyOf<'disband'>; onClose: () => void }) {
  return (
    <Dialog
      title="The cluster is disbanded"
      description={reply.sentence}
      wide
      onClose={onClose}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      {reply.slots.length === 0 ? (
        <p>No replication slot is left.</p>
      ) : (
        <div className="flex flex-col gap-2">
          <p>
            These replication slots are left. A slot that nobody reads keeps WAL for ever and fills the disk: drop each
            one once its server no longer follows.
          </p>
          {reply.slots.map((slot) => (
            <CommandLine key={slot.slot_name} command={slot.drop_command} what={`the command for ${slot.slot_name}`} />
          ))}
        </div>
      )}
    </Dialog>
  );
}
