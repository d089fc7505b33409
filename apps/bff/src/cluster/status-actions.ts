/** Which actions this server offers now, and why not: the same sentences disable the buttons (DESIGN §9). */
import type { Availability } from '@proxpanel/contracts/nodes';
import type { Reason } from '@proxpanel/contracts/primitives';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole } from './membership.ts';

export function readActions(context: ClusterContext): ClusterStatus['actions'] {
  const { membership } = context.nodeFile.get();
  const role = configuredRole(membership);
  const state = context.database.view().state;
  const busy = context.lock.running();
  const onlyWritable: Reason[] =
    state === 'writable' ? [] : [{ code: 'database_not_writable', sentence: context.database.view().sentence }];
  // A replica that was removed or left behind may join again: its read-only database is replaced anyway.
  const onlyRunning: Reason[] = state === 'recovery' ? [] : onlyWritable;
  const notBusy: Reason[] = busy === null ? [] : [{ code: 'busy', sentence: `This server is busy with ${busy}.` }];
  const onlyMain: Reason[] =
    role === 'main' ? [] : [{ code: 'not_main', sentence: 'This is done on the main server.' }];
  const onlyStandalone: Reason[] =
    role === 'standalone'
      ? []
      : [{ code: 'configured', sentence: `This server already belongs to a cluster as ${role}.` }];
  const canLeave: Reason[] =
    membership === null
      ? [{ code: 'not_configured', sentence: 'This server belongs to no cluster.' }]
      : role === 'main'
        ? [{ code: 'is_main', sentence: 'Main does not leave; disband the cluster, or promote another server first.' }]
        : [];
  return {
    setup_main: available(onlyStandalone, onlyWritable, notBusy),
    join: available(onlyStandalone, onlyRunning, notBusy),
    leave: available(canLeave, notBusy),
    disband: available(onlyMain, role === 'main' ? onlyWritable : [], notBusy),
    rotate_secret: available(onlyMain, role === 'main' ? onlyWritable : [], notBusy),
    change_settings: available(onlyMain, role === 'main' ? onlyWritable : [], notBusy),
  };
}

function available(...reasons: Reason[][]): Availability {
  const all = reasons.flat();
  return { allowed: all.length === 0, reasons: all };
}
