import type { StatusNode } from '@proxpanel/contracts/nodes';
import { toast } from 'sonner';
import { useRemoveNode } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';

/** Asks before a node is removed, with what that does (DESIGN §7). */
export function RemoveNodeDialog({ node }: { node: StatusNode }) {
  const close = useClusterPage((state) => state.close);
  const showSecret = useClusterPage((state) => state.showSecret);
  const remove = useRemoveNode(({ sentence, cluster_secret: secret }) => {
    close();
    // The removed server knew the old secret, so there is a new one (SAFETY §5).
    if (secret === null) toast.success(sentence);
    else showSecret({ secret, sentence, setup: null });
  });
  return (
    <Dialog
      title={`Remove ${node.display_name}?`}
      description="It leaves the cluster and stops following the main server. Its data stays on it, as it is then."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="danger"
            busy={remove.isPending}
            onClick={() => {
              remove.mutate(node.id);
            }}
          >
            Remove
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5">
        {node.slot_name === null ? null : (
          <li>
            The slot <code className="font-mono">{node.slot_name}</code> is dropped, so the main server keeps no more
            WAL for it.
          </li>
        )}
        <li>
          Its line in pg_hba.conf is taken away, and the cluster’s secret and passwords are changed: you are shown the
          new secret.
        </li>
        <li>Its page says that it was removed. To come back it has to join and clone again.</li>
      </ul>
      {remove.isError ? <Failure sentence={sentenceOf(remove.error)} /> : null}
    </Dialog>
  );
}
