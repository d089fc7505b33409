/** Which actions this server offers now, and why not: the same sentences disable the buttons (DESIGN §9). */
import type { Availability } from '@proxpanel/contracts/nodes';
import type { Reason } from '@proxpanel/contracts/primitives';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { judgeAllowAsync } from './allow-async.ts';
import { judgeClaim } from './claim-main.ts';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, otherPeers } from './membership.ts';
import { judgeRejoin } from './rejoin-node.ts';

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
    ...readChangeActions(context, notBusy),
  };
}

/** Holds and words of an admin about the change of main; each may be given on any server, but for what only main can do. */
function readChangeActions(context: ClusterContext, notBusy: Reason[]) {
  const { membership } = context.nodeFile.get();
  const member: Reason[] =
    membership?.is_active === true ? [] : [{ code: 'not_configured', sentence: 'This server belongs to no cluster.' }];
  const hold = membership?.hold ?? null;
  const holds = hold !== null && Date.parse(hold.until) > context.clock.nowMs();
  const last = membership?.last_failover ?? null;
  const noHold = { code: 'no_hold', sentence: 'Automatic failover is not on hold.' };
  const nothingNew = { code: 'nothing_to_acknowledge', sentence: 'There is no automatic failover to acknowledge.' };
  const alone = { code: 'no_secondary', sentence: 'There is no second server to change to.' };
  const hasOthers = membership !== null && otherPeers(membership).length > 0;
  return {
    hold: available(member),
    end_hold: available(member, member.length > 0 || holds ? [] : [noHold]),
    acknowledge_failover: available(member, member.length > 0 || last?.acknowledged === false ? [] : [nothingNew]),
    claim_main: available(judgeClaim(context)),
    allow_async: available(member.length > 0 ? member : judgeAllowAsync(context)),
    rehearse: available(member, member.length > 0 || hasOthers ? [] : [alone], notBusy),
    rejoin: available(judgeRejoin(context), notBusy),
  };
}

function available(...reasons: Reason[][]): Availability {
  const all = reasons.flat();
  return { allowed: all.length === 0, reasons: all };
}
