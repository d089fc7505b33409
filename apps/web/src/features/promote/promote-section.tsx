import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

/** Where Promote is offered: on a secondary, and anywhere that the server itself allows it. */
export function PromoteSection({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { promote, server } = status;
  if (server.role !== 'secondary' && !promote.allowed) return null;
  const candidate = status.nodes.find((node) => node.id === promote.node_id);
  const self = candidate === undefined || candidate.is_self;
  return (
    <Card title="Change the main server">
      <div className="flex flex-col gap-3">
        <p className="text-muted">
          {self ? 'Makes this server the main one' : `Makes ${candidate.display_name} the main one`}, so that it takes
          writes. You are shown what would be lost before anything is done.
        </p>
        <ReasonedButton
          kind="primary"
          reasons={promote.allowed ? [] : promote.reasons.map((reason) => reason.sentence)}
          onClick={() => {
            open({ kind: 'promote' });
          }}
        >
          Promote to Main
        </ReasonedButton>
      </div>
    </Card>
  );
}
