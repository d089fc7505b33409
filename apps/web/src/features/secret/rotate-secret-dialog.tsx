import { useRotateSecret } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';

/** Asks, rotates, and hands the new secret to the copy-secret dialog. */
export function RotateSecretDialog() {
  const close = useClusterPage((state) => state.close);
  const showSecret = useClusterPage((state) => state.showSecret);
  const rotate = useRotateSecret((reply) => {
    showSecret({ secret: reply.cluster_secret, sentence: reply.sentence, setup: null });
  });
  return (
    <Dialog
      title="Rotate secret"
      description="A new cluster secret and new replication passwords are made. Replication goes on meanwhile."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            busy={rotate.isPending}
            onClick={() => {
              rotate.mutate(undefined);
            }}
          >
            Rotate secret
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5">
        <li>Members fetch the new secret by themselves, once, with the old one.</li>
        <li>A server that joins later needs the new secret; the old one is of no use to it.</li>
      </ul>
      {rotate.isError ? <Failure sentence={sentenceOf(rotate.error)} /> : null}
    </Dialog>
  );
}
