import type { ClusterStatus } from '@proxpanel/contracts/status';
import { useClusterPage } from '../../stores/cluster-page.ts';
import { ReasonedButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

type ActionName = keyof ClusterStatus['actions'];

/** Leave on a secondary, also on one whose cluster was disbanded; Disband and the secret where they can be used, and on the main server always, with the reason. */
export function MembershipSection({ status }: { status: ClusterStatus }) {
  const open = useClusterPage((state) => state.open);
  const reasonsOf = (action: ActionName): string[] =>
    status.actions[action].allowed ? [] : status.actions[action].reasons.map((reason) => reason.sentence);
  const onMain = status.server.role === 'main';
  const offered = (action: ActionName): boolean => onMain || status.actions[action].allowed;
  return (
    <Card title="Membership">
      <div className="flex flex-col divide-y divide-line [&>*]:py-3 [&>*:first-child]:pt-0 [&>*:last-child]:pb-0">
        {offered('rotate_secret') ? (
          <Row sentence="Replaces the cluster secret and the replication passwords; members get the new ones by themselves.">
            <ReasonedButton
              align="end"
              reasons={reasonsOf('rotate_secret')}
              onClick={() => {
                open({ kind: 'rotate_secret' });
              }}
            >
              Rotate secret
            </ReasonedButton>
          </Row>
        ) : null}
        {status.server.role === 'secondary' || status.actions.leave.allowed ? (
          <Row sentence="Takes this server out of the cluster. Its data stays.">
            <ReasonedButton
              align="end"
              reasons={reasonsOf('leave')}
              onClick={() => {
                open({ kind: 'leave' });
              }}
            >
              Leave Cluster
            </ReasonedButton>
          </Row>
        ) : null}
        {offered('disband') ? (
          <Row sentence="Ends the cluster. Every server keeps its data.">
            <ReasonedButton
              align="end"
              reasons={reasonsOf('disband')}
              onClick={() => {
                open({ kind: 'disband' });
              }}
            >
              Disband Cluster
            </ReasonedButton>
          </Row>
        ) : null}
      </div>
    </Card>
  );
}

function Row({ sentence, children }: { sentence: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p className="min-w-0 flex-1 basis-64 text-muted">{sentence}</p>
      {children}
    </div>
  );
}
