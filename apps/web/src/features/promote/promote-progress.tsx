import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useOperation } from '../../api/cluster-actions.ts';
import { useClusterStatus } from '../../api/cluster-status.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Banner } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { OperationPhases } from './operation-view.tsx';

interface PromoteProgressProps {
  status: ClusterStatus;
  operationId: string;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** The promotion that was just started, as it goes on. */
export function PromoteProgress({ status, operationId, nowMs }: PromoteProgressProps) {
  const close = useClusterPage((state) => state.close);
  const poll = useClusterStatus();
  const fromStatus = status.operation?.id === operationId ? status.operation : null;
  // The status may name another operation by now, or not yet this one; then it is asked by its id.
  const asked = useOperation(fromStatus === null ? operationId : null);
  const operation = fromStatus ?? asked.data ?? null;
  const running = operation === null || operation.state === 'running';
  return (
    <Dialog
      title="Promote to Main"
      description={running ? 'It is under way. Closing this window does not stop it.' : 'It has ended.'}
      onClose={close}
      footer={<Button onClick={close}>Close</Button>}
    >
      {poll.isError && running ? (
        <Banner tone="warn" role="status">
          <p>
            This server does not answer just now. What follows is what was last known; the servers go on by themselves.
          </p>
        </Banner>
      ) : null}
      {operation === null ? <p role="status">Starting…</p> : <OperationPhases operation={operation} nowMs={nowMs} />}
    </Dialog>
  );
}
