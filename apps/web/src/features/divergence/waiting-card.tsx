import type { ClusterStatus } from '@proxpanel/contracts/status';
import { blockedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge } from '../../ui/badge.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

type Waiting = 'main' | 'fenced' | null;

/** Whether this server's writes are shut although it was, or is by its own record, the main one. */
export function waitingState(status: ClusterStatus): Waiting {
  // An operation that changes the main passes through the same states, and says itself what it does.
  if (status.server.role === 'standalone' || status.operation?.state === 'running') return null;
  if (status.server.role === 'main' && !status.writes.allowed && status.database.state === 'recovery') return 'main';
  const self = status.nodes.find((node) => node.is_self);
  return self?.status === 'fenced' ? 'fenced' : null;
}

/** "Main, waiting, read-only", or fenced: what it waits for, and what an admin can do (SAFETY §3). */
export function WaitingCard({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { actions, divergence } = status;
  const waiting = waitingState(status);
  if (waiting === null && !actions.claim_main.allowed) return null;
  const self = status.nodes.find((node) => node.is_self);
  return (
    <Card
      title={
        waiting === 'fenced' ? 'This server is fenced: its writes are shut' : 'This server is main, waiting, read-only'
      }
      aside={<Badge tone="bad">{waiting === 'fenced' ? 'fenced' : 'waiting'}</Badge>}
    >
      <div className="flex flex-col gap-3">
        <p>{status.writes.sentence}</p>
        {self === undefined || self.status_reason === status.writes.sentence ? null : <p>{self.status_reason}</p>}
        <p className="text-muted">{whatFor(waiting, divergence !== null)}</p>
        <div className="flex flex-wrap items-start gap-2">
          {waiting === 'main' || actions.claim_main.allowed ? (
            <ReasonedButton
              kind="danger"
              reasons={blockedBy(actions.claim_main)}
              onClick={() => {
                open({ kind: 'claim_main' });
              }}
            >
              I am the only main
            </ReasonedButton>
          ) : null}
          {/* With a divergence its own card offers the repair, beside the numbers. */}
          {divergence === null && actions.rejoin.allowed ? (
            <ReasonedButton
              reasons={[]}
              onClick={() => {
                open({ kind: 'rejoin' });
              }}
            >
              Rejoin
            </ReasonedButton>
          ) : null}
        </div>
      </div>
    </Card>
  );
}

function whatFor(waiting: Waiting, diverged: boolean): string {
  if (diverged) return 'It waits for an admin: its rows are not those of the main server.';
  if (waiting === 'fenced') {
    return 'It waits until it can follow the main server. Where its history allows, that needs nobody.';
  }
  return (
    'It waits for the signed word of another server that it is still the main one, and then takes writes again by ' +
    'itself. When you know that no other server has become main, you can say so.'
  );
}
