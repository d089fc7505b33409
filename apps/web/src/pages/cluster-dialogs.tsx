import type { ClusterStatus } from '@proxpanel/contracts/status';
import { SettingsDialog } from '../features/cluster-settings/settings-dialog.tsx';
import { ClaimMainDialog } from '../features/divergence/claim-main-dialog.tsx';
import { RejoinDialog } from '../features/divergence/rejoin-dialog.tsx';
import { AllowAsyncDialog } from '../features/durability/allow-async-dialog.tsx';
import { HoldDialog } from '../features/failover/hold-dialog.tsx';
import { DisbandDialog } from '../features/membership/disband-dialog.tsx';
import { LeaveDialog } from '../features/membership/leave-dialog.tsx';
import { RemoveNodeDialog } from '../features/nodes/remove-node-dialog.tsx';
import { PromoteDialog } from '../features/promote/promote-dialog.tsx';
import { RehearseDialog } from '../features/promote/rehearsal.tsx';
import { RotateSecretDialog } from '../features/secret/rotate-secret-dialog.tsx';
import { ShownSecretDialog } from '../features/secret/shown-secret.tsx';
import { useClusterPage } from '../stores/cluster-page.ts';

interface ClusterDialogsProps {
  status: ClusterStatus;
  /** The server's time now, ms since the epoch. */
  nowMs: number;
}

/** The dialogs of the Cluster tab. They stand beside the tab's parts, because a change of role replaces those. */
export function ClusterDialogs({ status, nowMs }: ClusterDialogsProps) {
  return (
    <>
      <OpenDialog status={status} nowMs={nowMs} />
      <ShownSecretDialog />
    </>
  );
}

function OpenDialog({ status, nowMs }: ClusterDialogsProps) {
  const dialog = useClusterPage((state) => state.dialog);
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'promote':
      return <PromoteDialog status={status} nowMs={nowMs} />;
    case 'rehearse':
      return <RehearseDialog availability={status.actions.rehearse} />;
    case 'hold':
      return <HoldDialog nowMs={nowMs} />;
    case 'claim_main':
      return <ClaimMainDialog status={status} />;
    case 'allow_async':
      return <AllowAsyncDialog status={status} />;
    case 'rejoin':
      return <RejoinDialog status={status} />;
    case 'leave':
      return <LeaveDialog />;
    case 'disband':
      return <DisbandDialog />;
    case 'rotate_secret':
      return <RotateSecretDialog />;
    case 'settings':
      return status.cluster === null ? null : (
        <SettingsDialog settings={status.cluster.settings} durability={dialog.durability} />
      );
    case 'remove_node': {
      const node = status.nodes.find((candidate) => candidate.id === dialog.nodeId);
      return node === undefined ? null : <RemoveNodeDialog node={node} />;
    }
  }
}
