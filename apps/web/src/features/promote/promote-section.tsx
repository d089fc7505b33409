import type { ClusterStatus } from '@proxpanel/contracts/status';
import { blockedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge } from '../../ui/badge.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { candidateName, firmBlockers } from './promote-facts.ts';

/** Promote, from either server's page: planned while main answers, in an emergency when it does not. */
export function PromoteSection({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { promote, actions } = status;
  if (status.cluster?.is_active === false) return null;
  const planned = promote.mode === 'switchover';
  return (
    <Card
      title="Change the main server"
      aside={
        promote.node_id === null ? null : (
          <Badge tone={planned ? 'info' : 'warn'}>{planned ? 'planned' : 'emergency'}</Badge>
        )
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-muted">{whatItDoes(status)}</p>
        <div className="flex flex-wrap items-start gap-2">
          <ReasonedButton
            kind="primary"
            reasons={firmBlockers(promote)}
            onClick={() => {
              open({ kind: 'promote' });
            }}
          >
            Promote to Main
          </ReasonedButton>
          {actions.rehearse.allowed || planned ? (
            <ReasonedButton
              // The same sentence twice side by side helps nobody.
              reasons={blockedBy(actions.rehearse).filter((reason) => !firmBlockers(promote).includes(reason))}
              disabled={!actions.rehearse.allowed}
              onClick={() => {
                open({ kind: 'rehearse' });
              }}
            >
              Rehearse
            </ReasonedButton>
          ) : null}
        </div>
      </div>
    </Card>
  );
}

function whatItDoes(status: ClusterStatus): string {
  const { promote } = status;
  if (promote.node_id === null) return 'Makes a secondary the main server, so that it takes writes.';
  const who = candidateName(status);
  if (promote.mode === 'switchover') {
    return `Planned: makes ${who} the main server, and the present one its secondary. Nothing is lost; writes pause for a moment.`;
  }
  return `Emergency: makes ${who} the main server without the present one’s help. You are shown what would be lost before anything is done.`;
}
