import type { ClusterStatus } from '@proxpanel/contracts/status';
import { ConfigureMainForm } from '../features/configure-main/configure-main-form.tsx';
import { EventList } from '../features/events/event-list.tsx';
import { JoinForm } from '../features/join/join-form.tsx';
import { MembershipSection } from '../features/membership/membership-section.tsx';
import { Overview } from '../features/overview/overview.tsx';
import { OperationCard } from '../features/promote/operation-view.tsx';
import { useClusterPage } from '../stores/cluster-page.ts';
import { ReasonedButton } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';

interface ClusterStandaloneProps {
  status: ClusterStatus;
  nowMs: number;
}

/** A server that is in no cluster, and the two ways into one. */
export function ClusterStandalone({ status, nowMs }: ClusterStandaloneProps) {
  const way = useClusterPage((state) => state.way);
  const setupReasons = status.actions.setup_main.reasons.map((reason) => reason.sentence);
  const joinReasons = status.actions.join.reasons.map((reason) => reason.sentence);
  return (
    <>
      {status.operation === null ? null : <OperationCard operation={status.operation} nowMs={nowMs} />}
      <Overview status={status} />
      {way === null ? <Ways status={status} /> : null}
      {way === 'main' ? (
        <ConfigureMainForm
          address={status.server.address}
          reasons={status.actions.setup_main.allowed ? [] : setupReasons}
        />
      ) : null}
      {way === 'secondary' ? (
        <JoinForm
          ownSubscriberCount={status.database.subscriber_count}
          reasons={status.actions.join.allowed ? [] : joinReasons}
        />
      ) : null}
      {status.actions.leave.allowed ? <MembershipSection status={status} /> : null}
      {status.events.length === 0 ? null : <EventList status={status} names={new Map()} />}
    </>
  );
}

function Ways({ status }: { status: ClusterStatus }) {
  const chooseWay = useClusterPage((state) => state.chooseWay);
  const reasonsOf = (action: 'setup_main' | 'join'): string[] =>
    status.actions[action].allowed ? [] : status.actions[action].reasons.map((reason) => reason.sentence);
  return (
    <div className="grid gap-4 md:grid-cols-2">
      <Card title="This is the first server">
        <div className="flex flex-col gap-4">
          <p className="min-h-18 text-muted">
            Make it the main server. It keeps its data and goes on as before; a second server can then join it and hold
            a live copy.
          </p>
          <ReasonedButton
            kind="primary"
            reasons={reasonsOf('setup_main')}
            onClick={() => {
              chooseWay('main');
            }}
          >
            Configure as Main Server
          </ReasonedButton>
        </div>
      </Card>
      <Card title="There is a main server already">
        <div className="flex flex-col gap-4">
          <p className="min-h-18 text-muted">
            Make this one its live copy, ready to take over. You need the main server’s address and its cluster secret.
          </p>
          <ReasonedButton
            kind="primary"
            reasons={reasonsOf('join')}
            onClick={() => {
              chooseWay('secondary');
            }}
          >
            Join as Secondary
          </ReasonedButton>
        </div>
      </Card>
    </div>
  );
}
