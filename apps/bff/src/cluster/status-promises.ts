/** Which promises hold now, in words, by what is there at this moment and not by what was once set (SAFETY §6). */
import type { DurabilityStatus } from '@proxpanel/contracts/status';
import { durationInWords } from '@proxpanel/failover/words';
import type { ClusterContext } from './cluster-context.ts';
import { configuredRole, otherPeers } from './membership.ts';
import type { Membership } from './node-file.ts';
import { policyOf } from './observe-for-decision.ts';

export function readPromises(
  context: ClusterContext,
  membership: Membership,
  durability: DurabilityStatus | null,
): string[] {
  if (otherPeers(membership).length === 0) {
    return ['There is no second server yet: if this one is lost, so is what was written since the last backup.'];
  }
  const promises = [
    promiseOfData(durability),
    promiseOfOneMain(context),
    promiseOfTakeOver(context, membership),
    'A main that hears of a newer one shuts its writes at once; it follows by itself when its history allows, and is repaired by an admin when not.',
    'A main whose PostgreSQL restarts comes up read-only, and takes writes again once it is certain that it is still main.',
  ];
  if (configuredRole(membership) === 'main') promises.push('This is no backup: a DROP TABLE replicates too.');
  return promises;
}

function promiseOfData(durability: DurabilityStatus | null): string {
  switch (durability?.state) {
    case 'sync':
      return 'What main acknowledges stands on a second server: a loss of main loses nothing that was acknowledged.';
    case 'stalled':
      return 'Commits wait for a standby that does not answer: nothing is acknowledged that stands on main alone.';
    case 'degraded':
      return 'Synchronous durability is set, but no standby has caught up: what main acknowledges now may be lost with it.';
    default:
      return 'Replication is asynchronous: what main acknowledged in its last moments may be missing after a failover; the forecast says how much.';
  }
}

function promiseOfOneMain(context: ClusterContext): string {
  if (!context.arbiter.configured) {
    return 'There is no arbiter: a cut link looks like a dead server. Nobody is promoted while WAL flows; two mains are seen within one probe of healing, one is shut, and the rows of both are kept for an admin to choose.';
  }
  if (context.memory.arbiter.silent) {
    return 'The arbiter does not answer: main goes on only while every secondary promises not to be promoted, and nobody takes over by itself.';
  }
  const guarded =
    context.memory.guardAlive === false ? ' The guard is not running, so a panel that hangs may break this.' : '';
  return `The arbiter gives one lease at a time: never do two servers take writes, unless a machine or its PostgreSQL is frozen as a whole; only synchronous durability covers that.${guarded}`;
}

function promiseOfTakeOver(context: ClusterContext, membership: Membership): string {
  const { settings, hold } = membership;
  if (!settings.auto_failover) return 'Automatic failover is switched off: an admin decides when main is lost.';
  if (hold !== null && Date.parse(hold.until) > context.clock.nowMs()) {
    return `Automatic failover is on hold until ${hold.until}: until then an admin decides when main is lost.`;
  }
  const { leaseTtlMs, failoverAfterMs } = policyOf(context, membership);
  return context.arbiter.configured
    ? `When main is lost, a secondary takes over once its lease of ${durationInWords(leaseTtlMs)} has ended.`
    : `When main is silent by every path for ${durationInWords(failoverAfterMs)}, a secondary takes over.`;
}
