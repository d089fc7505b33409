import type { ClusterStatus } from '@proxpanel/contracts/status';
import { SettingsDialog } from '../features/cluster-settings/settings-dialog.tsx';
import { DisbandDialog } from '../features/membership/disband-dialog.tsx';
import { LeaveDialog } from '../features/membership/leave-dialog.tsx';
import { RemoveNodeDialog } from '../features/nodes/remove-node-dialog.tsx';
import { PromoteDialog } from '../features/promote/promote-dialog.tsx';
import { RotateSecretDialog } from '../features/secret/rotate-secret-dialog.tsx';
import { ShownSecretDialog } from '../features/secret/shown-secret.tsx';
import { useClusterPage } from '../stores/cluster-page.ts';

/** The dialogs of the Cluster tab. They stand beside the tab's parts, because a change of role replaces those. */
export function ClusterDialogs({ status }: { status: ClusterStatus }) {
  return (
    <>
      <OpenDialog status={status} />
      <ShownSecretDialog />
    </>
  );
}

function OpenDialog({ status }: { status: ClusterStatus }) {
  const dialog = useClusterPage((state) => state.dialog);
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'promote':
      return <PromoteDialog status={status} />;
    case 'leave':
      return <LeaveDialog />;
    case 'disband':
      return <DisbandDialog />;
    case 'rotate_secret':
      return <RotateSecretDialog />;
    case 'settings':
      return status.cluster === null ? null : <SettingsDialog settings={status.cluster.settings} />;
    case 'remove_node': {
      const node = status.nodes.find((candidate) => candidate.id === dialog.nodeId);
      return node === undefined ? null : <RemoveNodeDialog node={node} />;
    }
  }
}
