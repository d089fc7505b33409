import type { ClusterStatus } from '@proxpanel/contracts/status';
import { SettingsCard } from '../features/cluster-settings/settings-card.tsx';
import { ClonePage } from '../features/clone/clone-page.tsx';
import { DivergenceCard } from '../features/divergence/divergence-card.tsx';
import { WaitingCard } from '../features/divergence/waiting-card.tsx';
import { DurabilityCard } from '../features/durability/durability-card.tsx';
import { EventList } from '../features/events/event-list.tsx';
import { ArbiterCard } from '../features/failover/arbiter-card.tsx';
import { FailoverCard } from '../features/failover/failover-card.tsx';
import { MembershipSection } from '../features/membership/membership-section.tsx';
import { NodeList } from '../features/nodes/node-list.tsx';
import { Health } from '../features/overview/health.tsx';
import { Overview } from '../features/overview/overview.tsx';
import { ParityCard } from '../features/parity/parity-card.tsx';
import { OperationCard } from '../features/promote/operation-view.tsx';
import { PromoteSection } from '../features/promote/promote-section.tsx';

interface ClusterTogetherProps {
  status: ClusterStatus;
  nowMs: number;
}

/** A server that belongs to a cluster. What needs the admin now stands first. */
export function ClusterTogether({ status, nowMs }: ClusterTogetherProps) {
  const { join, operation } = status;
  const names = new Map(status.nodes.map((node) => [node.id, node.display_name]));
  const countsDown = typeof status.failover?.countdown_ms === 'number';
  const stalls = status.durability?.state === 'stalled';
  return (
    <>
      {operation === null ? null : <OperationCard operation={operation} nowMs={nowMs} />}
      {join === null || join.finished ? null : <ClonePage join={join} nowMs={nowMs} />}
      <WaitingCard status={status} />
      <DivergenceCard status={status} />
      {countsDown ? <FailoverCard status={status} nowMs={nowMs} /> : null}
      {stalls ? <DurabilityCard status={status} nowMs={nowMs} /> : null}
      <Overview status={status} />
      <Health status={status} />
      <PromoteSection status={status} />
      {countsDown ? null : <FailoverCard status={status} nowMs={nowMs} />}
      <NodeList status={status} nowMs={nowMs} />
      <div className="grid items-start gap-4 empty:hidden lg:grid-cols-2 lg:[&>*:only-child]:col-span-2">
        <ArbiterCard status={status} nowMs={nowMs} />
        {stalls ? null : <DurabilityCard status={status} nowMs={nowMs} />}
      </div>
      <ParityCard status={status} />
      <EventList status={status} names={names} />
      <SettingsCard status={status} />
      <MembershipSection status={status} />
      {join?.finished === true ? <p className="text-sm text-muted">{join.old_database_note}</p> : null}
    </>
  );
}
