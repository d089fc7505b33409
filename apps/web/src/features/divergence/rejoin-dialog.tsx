import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useRejoin } from '../../api/cluster-actions.ts';
import { sentenceOf } from '../../api/errors.ts';
import { blockedBy, refusedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Failure } from '../../ui/banner.tsx';
import { Button, ReasonedButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { bytesText, countText } from '../../ui/format.ts';

/** Asks, then has the repair script made; its command and its progress stand on the page from then on (DESIGN §8). */
export function RejoinDialog({ status }: { status: ClusterStatus }) {
  const close = useClusterPage((state) => state.close);
  const rejoin = useRejoin(close);
  const { divergence } = status;
  const rows = divergence?.rows_since_fork.reduce((sum, table) => sum + table.rows, 0) ?? 0;
  return (
    <Dialog
      title="Rejoin"
      description="This server takes over the main server’s history and follows it again as its secondary."
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <ReasonedButton
            align="end"
            kind="danger"
            busy={rejoin.isPending}
            reasons={blockedBy(status.actions.rejoin)}
            onClick={() => {
              rejoin.mutate(undefined);
            }}
          >
            Rejoin
          </ReasonedButton>
        </>
      }
    >
      <ul className="list-disc pl-5">
        {divergence === null ? null : (
          <li>
            What only this server holds leaves its database: {bytesText(divergence.bytes_past_fork)} of WAL past the
            fork{rows === 0 ? '' : `, ${countText(rows)} rows that can be counted`}.
          </li>
        )}
        <li>The data directory as it is now is kept beside the new one; look there for those rows afterwards.</li>
        <li>
          A script is made, and where this panel runs scripts itself it is started. If a step fails, the old data is put
          back.
        </li>
      </ul>
      {rejoin.isError ? <Failure sentence={sentenceOf(rejoin.error)} reasons={refusedBy(rejoin.error)} /> : null}
    </Dialog>
  );
}
