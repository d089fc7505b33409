import type { ClusterStatus } from '@proxpanel/contracts/status';
import { blockedBy } from '../../api/reasons.ts';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { Badge } from '../../ui/badge.tsx';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

type Waiting = 'main' | 'fenced' | 'shut';

const titles: Record<Waiting, string> = {
  main: 'This server is main, waiting, read-only',
  fenced: 'This server is fenced: its writes are shut',
  shut: 'This server’s writes are shut',
};

/** Whether this server's writes are shut although it was, or is by its own record, the main one. */
function waitingState({ server, operation, writes, database, nodes, actions }: ClusterStatus): Waiting | null {
  // An operation that changes the main passes through the same states, and says itself what it does.
  if (server.role === 'standalone' || operation?.state === 'running') return null;
  if (server.role === 'main' && !writes.allowed && database.state === 'recovery') return 'main';
  if (nodes.find((node) => node.is_self)?.status === 'fenced') return 'fenced';
  return actions.claim_main.allowed ? 'shut' : null;
}

/** "Main, waiting, read-only", or fenced: what it waits for, and what an admin can do (SAFETY §3). */
export function WaitingCard({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const { actions, divergence } = status;
  const waiting = waitingState(status);
  if (waiting === null) return null;
  const self = status.nodes.find((node) => node.is_self);
  return (
    <Card title={titles[waiting]} aside={<Badge tone="bad">{waiting === 'main' ? 'waiting' : 'read-only'}</Badge>}>
      <div className="flex flex-col gap-3">
        {/* Why writes are shut stands in a banner at the top of the page. */}
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
  switch (waiting) {
    case 'main':
      return (
        'It waits for the signed word of another server that it is still the main one, and then takes writes again by ' +
        'itself. When you know that no other server has become main, you can say so.'
      );
    case 'fenced':
      return 'It waits until it can follow the main server. Where its history allows, that needs nobody.';
    case 'shut':
      return 'It waits for an admin who knows which server is the main one.';
  }
}
